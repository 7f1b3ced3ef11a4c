"""What a chest's measures stand on: grids, filled lobes, and refusals."""

from __future__ import annotations

import numpy as np
import pytest

from ctstudio.core.errors import GeometryError, IntensityError, MaskError
from ctstudio.core.grid import Grid
from ctstudio.core.labels import LUNG_LOBES, LabelMap, standard_table, values_of
from ctstudio.core.volume import Volume
from ctstudio.measure.chest_anatomy import ChestAnatomy, anatomy_of, ball, checked
from ctstudio.phantom.chest_grid import chest_grid
from ctstudio.phantom.chest_structures import chest_structures
from ctstudio.phantom.patient import make_patient
from ctstudio.phantom.render import render
from hand_made_chest import GRID, hand_made


def test_left_lobes_lie_where_x_is_large() -> None:
    anatomy = hand_made().anatomy
    assert np.nonzero(anatomy.lung("left"))[2].min() > np.nonzero(anatomy.lung("right"))[2].max()
    assert set(np.unique(anatomy.lobes[anatomy.lung("left")])) == {1, 2}


def test_other_units_nan_grids_and_empty_lungs_are_refused() -> None:
    chest = hand_made()
    with pytest.raises(IntensityError):
        checked(Volume(chest.hu, GRID, unit="SUV"), chest.anatomy)
    broken = chest.hu.copy()
    broken[3, 3, 3] = np.nan
    with pytest.raises(IntensityError):
        checked(Volume(broken, GRID), chest.anatomy)
    with pytest.raises(GeometryError):
        checked(Volume(chest.hu, Grid(GRID.shape, (3.0, 3.0, 4.0))), chest.anatomy)
    chest.lobes[:] = 0
    with pytest.raises(MaskError):
        checked(chest.ct, chest.anatomy)


def test_mirrored_and_misshapen_chests_are_refused() -> None:
    chest = hand_made()
    turned = Grid(GRID.shape, GRID.spacing_mm, direction=((-1.0, 0, 0), (0, 1.0, 0), (0, 0, 1.0)))
    with pytest.raises(GeometryError):
        ChestAnatomy(turned, chest.lobes, chest.airway, chest.vessels)
    with pytest.raises(GeometryError):
        ChestAnatomy(GRID, chest.lobes[1:], chest.airway, chest.vessels)


def test_labels_drawn_over_a_lobe_are_given_back_to_it() -> None:
    patient = make_patient(10_004, "chest", {"consolidation": "moderate-right-lower"})
    phantom = render(patient, chest_grid(patient, 64), pet=False, mr=False)
    truth = chest_structures(phantom)
    flat = np.zeros(truth.lobes.shape, np.uint8)
    for number, name in enumerate(LUNG_LOBES, start=1):
        flat[truth.lobes == number] = values_of([name])[0]
    flat[truth.airway], flat[truth.vessels] = values_of(["bronchi", "lung_vessels"])
    read = anatomy_of(LabelMap(flat, phantom.labels.grid, standard_table()))
    for number in range(1, 6):
        ours, theirs = read.lobes == number, truth.lobes == number
        assert 2 * (ours & theirs).sum() / (ours.sum() + theirs.sum()) > 0.98
    assert (read.vessels == truth.vessels).mean() > 0.999
    assert read.heart is None


def test_a_ball_has_at_least_the_six_neighbours() -> None:
    assert ball(0.1, GRID).sum() == 7
    assert ball(6.0, GRID).shape == (5, 5, 5)
    assert ball(6.0, GRID).sum() == 33
