"""Image quality: the LDCT-IQA network from a file, and the index that stands in for it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from ctstudio.core.errors import WeightMismatch
from ctstudio.evaluation.quality import CLASSES, EDGE_TO_NOISE, HEADS, IQA_FILE, QualityNetwork, iqa_picture, ldct_iqa


def test_the_score_is_the_likeliest_class_in_steps_of_a_fifth(tmp_path: Path) -> None:
    network = QualityNetwork()
    with torch.no_grad():
        for head in network.heads:
            head.weight.zero_()
            head.bias.zero_()
        network.heads[0].bias[3] = 9.0  # one opinion is sure of 0.6, three lean to 3.4
        for head in list(network.heads)[1:]:
            head.bias[17] = 4.0
    torch.save({"model_state_dict": network.state_dict()}, tmp_path / IQA_FILE)
    quality = ldct_iqa(tmp_path / IQA_FILE)
    assert quality.score(np.zeros((64, 64), np.float32)) == pytest.approx(3.4)
    assert quality.published


def test_the_network_has_four_heads_over_twenty_one_scores() -> None:
    assert (HEADS, CLASSES) == (4, 21)
    keys = {name.split(".")[0] for name in QualityNetwork().state_dict()}
    assert keys == {"model", "heads"}


def test_a_slice_is_windowed_and_normalised() -> None:
    image = np.array([[-1001.0, -300.5], [398.0, 399.0]], np.float32).repeat(256, 0).repeat(256, 1)
    seen = iqa_picture(image) * torch.tensor([0.229, 0.224, 0.225]).view(1, 3, 1, 1)
    seen = seen + torch.tensor([0.485, 0.456, 0.406]).view(1, 3, 1, 1)
    assert seen.shape == (1, 3, 512, 512)
    corners = [float(seen[0, k, y, x]) for k in (0, 2) for y, x in ((0, 0), (0, -1), (-1, 0), (-1, -1))]
    assert corners == pytest.approx([0, 0.5, (398 + 1000) / 1399, 1] * 2, abs=1e-4)
    assert iqa_picture(image[:100, :120]).shape == (1, 3, 512, 512)


def test_what_stands_in_does_not_call_itself_iqa() -> None:
    assert not EDGE_TO_NOISE.published
    assert "not LDCT-IQA" in EDGE_TO_NOISE.name


def test_another_file_is_refused(tmp_path: Path) -> None:
    torch.save({"model_state_dict": {"heads.0.weight": torch.zeros(1)}}, tmp_path / IQA_FILE)
    with pytest.raises(WeightMismatch, match="LDCT-IQA"):
        ldct_iqa(tmp_path / IQA_FILE)
