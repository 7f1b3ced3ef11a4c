"""Chests as four channels and back: values, orientation, and the step between the two resolutions."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from ctstudio.core.grid import Grid
from ctstudio.phantom.chest_grid import chest_grid
from ctstudio.phantom.chest_structures import chest_structures
from ctstudio.phantom.patient import make_patient
from ctstudio.phantom.render import render
from ctstudio.systems.medsyn.channels import (
    AIRWAY,
    CT,
    LOBES,
    VESSELS,
    Chest,
    decoded,
    encoded,
    lowered,
    raised,
)

UPPER_LEFT, LOWER_LEFT, UPPER_RIGHT, MIDDLE_RIGHT, LOWER_RIGHT = range(1, 6)


@pytest.fixture(scope="module")
def chest() -> tuple[Chest, Grid]:
    """A phantom's chest, whose heart and airway lie on no axis of symmetry."""
    patient = make_patient(7, "chest")
    phantom = render(patient, chest_grid(patient, 32), pet=False, mr=False)
    found = chest_structures(phantom)
    return Chest(phantom.ct.array, found.lobes, found.airway, found.vessels), phantom.ct.grid


def test_a_chest_comes_back_as_it_was(chest: tuple[Chest, Grid]) -> None:
    before = chest[0]
    after = decoded(encoded(before))
    assert np.array_equal(after.lobes, before.lobes)
    assert np.array_equal(after.airway, before.airway)
    assert np.array_equal(after.vessels, before.vessels)
    assert np.abs(after.hu - np.clip(before.hu, -1024, 600)).max() <= 0.5
    assert after.hu.dtype == np.int16


def test_channels_hold_what_the_released_weights_expect() -> None:
    hu = np.array([-2000.0, -1024, -212, 600, 3000]).reshape(1, 1, 5).repeat(2, axis=1)
    lobes = np.arange(1, 6, dtype=np.uint8).reshape(1, 1, 5).repeat(2, axis=1)
    airway, vessels = lobes == 1, lobes == 5
    volume = encoded(Chest(hu, lobes, airway, vessels))
    assert volume.dtype == torch.float32
    assert volume.shape == (4, 1, 2, 5)
    assert volume[CT, 0, 0].tolist() == pytest.approx([-1, -1, 0, 1, 1])
    assert volume[LOBES, 0, 0].tolist() == pytest.approx([-0.6, -0.2, 0.2, 0.6, 1.0])
    assert volume[AIRWAY, 0, 0].tolist() == [1, 0, 0, 0, 0]
    assert volume[VESSELS, 0, 0].tolist() == [0, 0, 0, 0, 1]
    assert [CT, LOBES, AIRWAY, VESSELS] == [0, 1, 2, 3]


def test_the_networks_see_the_back_first_and_the_patients_right_at_low_x(chest: tuple[Chest, Grid]) -> None:
    before, grid = chest
    volume = encoded(before)
    direction = np.diag(grid.direction)
    assert direction.tolist() == [1, 1, 1]  # x to the patient's left, y to the back, z to the head
    n = volume.shape[-1]
    number = ((volume[LOBES] + 1) * 2.5).round()
    middle = {k: (number == k).nonzero().float().mean(0) / n for k in range(1, 6)}
    assert middle[UPPER_RIGHT][2] < 0.5 < middle[UPPER_LEFT][2]
    assert middle[LOWER_LEFT][0] < middle[UPPER_LEFT][0]
    assert middle[MIDDLE_RIGHT][1] > middle[LOWER_RIGHT][1]  # the middle lobe lies in front
    spine = volume[CT, n // 2, : n // 4, n // 3 : -n // 3] > (300 + 1024) / 812 - 1
    sternum = volume[CT, n // 2, -n // 4 :, n // 3 : -n // 3] > (300 + 1024) / 812 - 1
    assert spine.sum() > sternum.sum()


def test_what_a_network_says_beside_the_mark_is_decoded_to_the_nearest() -> None:
    volume = torch.tensor([-1.4, -0.72, 0.51, 0.49]).view(4, 1, 1, 1)
    found = decoded(volume)
    assert found.hu.item() == -1024
    assert found.lobes.item() == 1
    assert found.airway.item()
    assert not found.vessels.item()


def test_nearest_takes_the_first_voxel_of_each_block() -> None:
    fine = torch.arange(64.0).view(1, 1, 4, 4, 4).expand(1, 4, 4, 4, 4)
    assert torch.equal(lowered(fine, 2, "nearest"), fine[:, :, ::2, ::2, ::2])
    assert torch.equal(raised(fine[:, :, :2, :2, :2], 2)[0, 0, :2, :2, :2], torch.zeros(2, 2, 2))


def test_mean_keeps_thin_branches_and_the_lobe_of_the_majority() -> None:
    fine = torch.zeros(1, 4, 2, 2, 2)
    fine[:, LOBES] = -1
    fine[0, LOBES, 0] = 0.2
    fine[0, LOBES, 1, 0, 0] = 0.2
    fine[0, AIRWAY, 1, 1, 1] = 1
    coarse = lowered(fine, 2, "mean")[0, :, 0, 0, 0]
    assert coarse[LOBES].item() == pytest.approx(0.2)
    assert coarse[AIRWAY].item() == pytest.approx(1 / 8)
    assert lowered(fine, 2, "nearest")[0, AIRWAY].item() == 0
