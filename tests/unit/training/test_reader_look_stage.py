"""The reader's look at each voxel in training: which voxels, what they stand for, and that it learns."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from ctstudio.catalog.reader_settings import ReaderSettings
from ctstudio.catalog.recipe_parts import StageSettings
from ctstudio.nets.volume_segmenter import LOCAL
from ctstudio.systems.medsyn.reading import DETAILS, REGIONS, new_network
from ctstudio.training.chest_targets import target_of
from ctstudio.training.chests import fine_chest
from ctstudio.training.stages.reader import ReaderStage
from ctstudio.training.stages.reader_look import LookStage, SeenVoxels, seen_voxels

FEATURES = (4, 4, 4, 4, 4, 4)
CLASSES = len(REGIONS) + len(DETAILS) + 2


@pytest.fixture(scope="module")
def stage() -> ReaderStage:
    """Over one chest of 64 voxels a side."""
    torch.manual_seed(1)
    settings = ReaderSettings(steps=5, batch=1, learning_rate=1e-3, crop=64, shift_voxels=0, features=FEATURES)
    return ReaderStage(new_network(FEATURES), [target_of(fine_chest(5, 64))], settings, (len(REGIONS), len(DETAILS)))


@pytest.fixture(scope="module")
def voxels(stage: ReaderStage) -> SeenVoxels:
    """Of two draws."""
    return seen_voxels(stage, 2, 1)


def test_voxels_stand_for_the_whole_volume(voxels: SeenVoxels) -> None:
    assert voxels.seen.shape == (len(voxels.weight), CLASSES + LOCAL)
    assert float(voxels.weight.sum()) == pytest.approx(2 * 64**3)
    vessels = voxels.details == DETAILS.index("lung_vessels") + 1
    truth = target_of(fine_chest(5, 64)).details == DETAILS.index("lung_vessels") + 1
    assert float(voxels.weight[vessels].sum()) / 2 == pytest.approx(float(truth.sum()), rel=0.15)


def test_the_look_learns_and_the_unet_stays(stage: ReaderStage, voxels: SeenVoxels) -> None:
    network = stage.module
    before = {key: value.clone() for key, value in network.net.state_dict().items()}
    look = LookStage(stage, voxels, StageSettings(steps=60, batch=2048, learning_rate=5e-3))
    optimiser = torch.optim.Adam(look.module.parameters(), lr=5e-3)
    losses = []
    for step in range(60):
        loss = look.loss(look.draw(step, torch.Generator().manual_seed(step)))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(float(loss.detach()))
    assert np.mean(losses[-5:]) < 0.6 * losses[0]
    assert all(torch.equal(value, network.net.state_dict()[key]) for key, value in before.items())
