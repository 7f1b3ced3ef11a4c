"""Fluid behind the lungs: known amounts, sides, and what is no fluid."""

from __future__ import annotations

import numpy as np
import pytest

from ctstudio.core.errors import IntensityError
from ctstudio.core.volume import Volume
from ctstudio.measure.chest_anatomy import ChestAnatomy
from ctstudio.measure.effusion import effusion, measured_effusion
from ctstudio.phantom.chest_grid import chest_grid
from ctstudio.phantom.chest_structures import chest_structures
from ctstudio.phantom.patient import make_patient
from ctstudio.phantom.render import render
from hand_made_chest import GRID, VOXEL_ML, hand_made

BEHIND_LEFT = (slice(5, 30), slice(30, 40), slice(50, 70))
BEHIND_RIGHT = (slice(5, 30), slice(34, 40), slice(10, 30))


def test_a_known_amount_is_read_on_its_side() -> None:
    chest = hand_made().with_fluid(BEHIND_LEFT)
    found = effusion(chest.ct, chest.anatomy)
    assert found.left_ml == pytest.approx(25 * 10 * 20 * VOXEL_ML, rel=0.15)
    assert found.right_ml == 0.0


def test_both_sides_are_told_apart() -> None:
    chest = hand_made().with_fluid(BEHIND_LEFT).with_fluid(BEHIND_RIGHT)
    found = effusion(chest.ct, chest.anatomy)
    assert found.left_ml > 1.4 * found.right_ml > 0
    assert found.total_ml == pytest.approx(25 * 16 * 20 * VOXEL_ML, rel=0.2)


def test_noise_moves_it_little() -> None:
    chest = hand_made().with_fluid(BEHIND_LEFT)
    still = effusion(chest.ct, chest.anatomy).left_ml
    noisy = Volume(chest.hu + np.random.default_rng(1).normal(0, 25, GRID.shape).astype(np.float32), GRID)
    assert effusion(noisy, chest.anatomy).left_ml == pytest.approx(still, rel=0.2)


@pytest.mark.parametrize("hu", [55.0, -100.0, 120.0])
def test_muscle_fat_and_blood_are_no_fluid(hu: float) -> None:
    chest = hand_made().with_fluid(BEHIND_LEFT, hu)
    assert effusion(chest.ct, chest.anatomy).total_ml == 0.0


def test_a_full_stomach_before_the_lung_is_no_effusion() -> None:
    chest = hand_made()
    stomach = chest.with_fluid((slice(5, 20), slice(12, 28), slice(52, 68)), 18.0)
    assert effusion(stomach.ct, stomach.anatomy).total_ml == 0.0


def test_a_healthy_chest_has_none_and_a_marked_lake_counts_with_the_nearer_lung() -> None:
    chest = hand_made()
    assert effusion(chest.ct, chest.anatomy).total_ml == 0.0
    lake = np.zeros(GRID.shape, bool)
    lake[5:10, 41:45, 10:20] = True
    marked = measured_effusion(lake, chest.anatomy)
    assert (marked.left_ml, marked.right_ml) == (0.0, pytest.approx(200 * VOXEL_ML))


def test_nan_is_refused() -> None:
    chest = hand_made()
    chest.hu[0, 0, 0] = np.nan
    with pytest.raises(IntensityError):
        effusion(chest.ct, chest.anatomy)


def test_phantoms_are_read_in_order() -> None:
    read = {}
    for value in ("none", "small-left", "large-left"):
        patient = make_patient(10_007, "chest", {"effusion": value})
        phantom = render(patient, chest_grid(patient, 96), pet=False, mr=False)
        truth = chest_structures(phantom)
        anatomy = ChestAnatomy(phantom.ct.grid, truth.lobes, truth.airway, truth.vessels)
        read[value] = effusion(phantom.ct, anatomy)
    assert read["none"].total_ml == 0.0
    assert read["large-left"].left_ml > 2 * read["small-left"].left_ml > 0
    assert read["large-left"].right_ml < 0.05 * read["large-left"].left_ml
