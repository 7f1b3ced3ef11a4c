"""Encoders of volumes, and the distances by what they see."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from ctstudio.core.errors import InputError
from ctstudio.core.grid import Grid
from ctstudio.core.volume import Volume
from ctstudio.evaluation.volume_distances import distances
from ctstudio.evaluation.volume_encoders import VolumeEncoder, reader_encoder, volume_encoder
from ctstudio.measure.feature_distances import gaussian_mmd2
from ctstudio.nets.medicalnet import build_medicalnet
from ctstudio.systems.medsyn.reading import ChestReader, new_network

GRID = Grid((24, 24, 24), (8.0, 8.0, 8.0))


def stand_in() -> VolumeEncoder:
    """That of a tiny reader."""
    torch.manual_seed(1)
    return reader_encoder(ChestReader("tiny", new_network((4, 4, 4, 4, 4, 4)).eval(), torch.device("cpu")))


def volume(seed: int) -> Volume:
    """Noise."""
    return Volume(np.random.default_rng(seed).normal(-400, 300, GRID.shape).astype(np.float32), GRID)


def test_without_weights_the_reader_stands_in_and_says_so() -> None:
    encoder = volume_encoder(None, stand_in())
    assert not encoder.published
    assert "phantom encoder" in encoder.name
    assert encoder.features(volume(1)).shape == (40,)


def test_medicalnet_is_taken_from_its_file(tmp_path: Path) -> None:
    torch.save({"state_dict": {f"module.{k}": v for k, v in build_medicalnet(10).state_dict().items()}},
               tmp_path / "resnet_10.pth")  # fmt: skip
    encoder = volume_encoder(tmp_path, stand_in())
    assert encoder.published
    assert encoder.features(volume(1)).shape == (512,)


def test_a_folder_without_it_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="resnet_50_23dataset"):
        volume_encoder(tmp_path, stand_in())


def test_distances_grow_with_the_gap_and_are_small_for_the_same_population() -> None:
    random = np.random.default_rng(3)
    real, same = random.normal(size=(60, 8)), random.normal(size=(60, 8))
    near, far = distances(real, same), distances(real, same + 1.5)
    assert far["fid"] > 5 * near["fid"]
    assert abs(near["mmd"]) < 0.02 < far["mmd"]
    unbiased = [gaussian_mmd2(random.normal(size=(12, 4)), random.normal(size=(12, 4))) for _ in range(60)]
    assert abs(np.mean(unbiased)) < 3 * np.std(unbiased) / np.sqrt(60)
