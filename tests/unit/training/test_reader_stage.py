"""The reader of chest CTs in training: targets, parts of volumes, and a loss that falls."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import torch

from ctstudio.catalog.reader_settings import ReaderSettings
from ctstudio.systems.medsyn.reading import DETAILS, REGIONS, new_network
from ctstudio.training.boxes import part_of
from ctstudio.training.chest_targets import chest_targets
from ctstudio.training.chests import make_fine
from ctstudio.training.medsyn_reader import CLASSES, RARE
from ctstudio.training.reader_targets import ReaderTarget
from ctstudio.training.stages.reader import ReaderStage

FEATURES = (8, 8, 8, 8, 8, 8)


def settings(**changed: object) -> ReaderSettings:
    """Tiny ones."""
    tiny = ReaderSettings(steps=20, batch=1, learning_rate=5e-3, crop=32, features=FEATURES)
    return tiny.model_copy(update=changed)


@pytest.fixture(scope="module")
def targets(tmp_path_factory: pytest.TempPathFactory) -> Sequence[ReaderTarget]:
    """Two chests of 64 voxels a side."""
    folder: Path = tmp_path_factory.mktemp("chests")
    make_fine((3, 4), 64, folder, lambda done, total: None)
    return chest_targets(folder)


def test_targets_hold_every_structure(targets: Sequence[ReaderTarget]) -> None:
    first = targets[0]
    assert first.ct_hu.shape == first.regions.shape == first.details.shape == (64, 64, 64)
    assert set(range(1, 7)) <= set(np.unique(first.regions).tolist()) <= set(range(len(REGIONS) + 1))
    assert {1, 2} <= set(np.unique(first.details).tolist()) <= set(range(len(DETAILS) + 1))
    left, right = (np.nonzero(np.isin(first.regions, lobes))[2].mean() for lobes in ((1, 2), (3, 4, 5)))
    assert left > right
    lung = np.isin(first.regions, range(1, 6))
    assert (lung[first.details == DETAILS.index("lung_vessels") + 1]).all()
    assert np.median(first.ct_hu[lung]) < -700


def test_missing_targets_alone_are_made(tmp_path: Path) -> None:
    (tmp_path / "patient_000007.npz").write_bytes(b"there already")
    told: list[tuple[int, int]] = []
    make_fine([7], 64, tmp_path, lambda done, total: told.append((done, total)))
    assert (tmp_path / "patient_000007.npz").read_bytes() == b"there already"
    assert told == [(1, 1)]


def test_a_part_may_reach_beyond_the_volume() -> None:
    array = np.arange(27, dtype=np.int16).reshape(3, 3, 3)
    part = part_of(array, (-1, 1, 0), (3, 3, 3), -7)
    assert (part[0] == -7).all()
    assert (part[:, 2] == -7).all()
    assert np.array_equal(part[1:, :2], array[:2, 1:])


def test_draws_repeat_and_end_with_whole_volumes(targets: Sequence[ReaderTarget]) -> None:
    stage = ReaderStage(new_network(FEATURES), targets, settings(steps=200), CLASSES, RARE)
    first, again = (stage.draw(0, torch.Generator().manual_seed(5)) for _ in range(2))
    assert all(torch.equal(first[key], again[key]) for key in first)
    assert first["size"].tolist() == [[32, 32, 32]]
    assert stage.draw(199, torch.Generator().manual_seed(5))["size"].tolist() == [[64, 64, 64]]


def test_the_loss_falls(targets: Sequence[ReaderTarget]) -> None:
    torch.manual_seed(0)
    stage = ReaderStage(new_network(FEATURES), targets, settings(noise_hu=0.0, blur_voxels=0.0), CLASSES)
    optimiser = torch.optim.Adam(stage.module.parameters(), lr=5e-3)
    losses = []
    for step in range(14):
        loss = stage.loss(stage.draw(step, torch.Generator().manual_seed(step % 2)))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(float(loss.detach()))
    assert np.mean(losses[-4:]) < 0.85 * np.mean(losses[:2])
