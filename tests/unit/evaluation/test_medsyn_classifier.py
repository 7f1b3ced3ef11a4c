"""Classifiers with generated volumes: they learn, more data help, and bad input is refused."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from ctstudio.core.errors import ParameterError
from ctstudio.evaluation.medsyn_classifier import Labelled, augmentation_scores, labelled


def spots(count: int, seed: int) -> Labelled:
    """Noisy volumes with a bright slab behind for the first finding, a bright cube in front for the second."""
    random = np.random.default_rng(seed)
    present = random.random((count, 2)) < 0.5
    units = []
    for effusion, dense in present:
        unit = random.normal(-0.6, 0.2, (32, 32, 32)).astype(np.float32)
        unit[6:26, 24:30, 8:24] += 0.5 * effusion
        unit[6:16, 4:14, 8:18] += 0.5 * dense
        units.append(unit)
    return labelled(units, present.tolist())


def test_volumes_of_any_size_are_averaged_down() -> None:
    made = labelled([np.full((64, 96, 64), 0.5, np.float32)], [(True, False)])
    assert made.volumes.shape == (1, 1, 32, 32, 32)
    assert torch.allclose(made.volumes, torch.tensor(0.5))
    assert made.present.tolist() == [[True, False]]


def test_findings_are_learned_and_scores_are_complete() -> None:
    scores = augmentation_scores(spots(12, 1), spots(30, 2), spots(30, 3), repeats=1, steps=40)
    assert set(scores) == {f"{f} {s}" for f in ("effusion", "consolidation") for s in ("accuracy", "F1")}
    assert all(len(values) == 1 for arms in scores.values() for values in arms.values())
    both = np.mean(scores["effusion accuracy"]["real and synthetic"])
    assert both > 0.85
    assert both >= np.mean(scores["effusion accuracy"]["real"]) - 0.05


def test_too_few_real_volumes_are_refused() -> None:
    with pytest.raises(ParameterError):
        augmentation_scores(spots(4, 1), spots(4, 2), spots(4, 3))
