"""Where the model's slices lie: square, in the mask's planes, centred on the patient."""

from __future__ import annotations

import numpy as np
import pytest

from ctstudio.core.errors import ParameterError
from ctstudio.core.grid import Grid
from ctstudio.core.labels import LabelMap, standard_table, values_of
from ctstudio.core.volume import Volume
from ctstudio.core.working_grid import FieldOfView, working_grid

GRID = Grid((3, 60, 80), (3.0, 3.0, 5.0), (-40.0, 25.0, 700.0))
LIVER, BODY, MUSCLE, PSOAS = values_of(["liver", "body", "skeletal_muscle", "iliopsoas_left"])
VIEW = FieldOfView(64, 2.0)


def _mask(value: int = LIVER, grid: Grid = GRID) -> LabelMap:
    array = np.zeros(grid.shape, np.uint8)
    array[1, 10:20, 50:70] = value
    return LabelMap(array, grid, standard_table())


def _middle(grid: Grid, z: int = 1) -> np.ndarray:
    return grid.to_world((z, (grid.shape[1] - 1) / 2, (grid.shape[2] - 1) / 2))


def test_slices_are_square_and_keep_height_and_direction() -> None:
    made = working_grid(_mask(), None, VIEW)
    assert made.shape == (3, 64, 64)
    assert made.spacing_mm == (2.0, 2.0, 5.0)
    assert made.direction == GRID.direction
    for z in range(3):
        assert made.to_world((z, 0, 0))[2] == pytest.approx(GRID.to_world((z, 0, 0))[2])


def test_a_lone_organ_leaves_them_in_the_middle_of_the_mask() -> None:
    for value in (LIVER, PSOAS):
        np.testing.assert_allclose(_middle(working_grid(_mask(value), None, VIEW)), _middle(GRID))


@pytest.mark.parametrize("value", [BODY, MUSCLE])
def test_a_painted_body_is_their_middle(value: int) -> None:
    middle = _middle(working_grid(_mask(value), None, VIEW))
    np.testing.assert_allclose(middle[:2], GRID.to_world((1, 14, 59))[:2], atol=1e-9)


def test_a_body_so_small_that_thinning_misses_it_is_no_fault() -> None:
    mask = _mask(0)
    mask.array[1, 11, 51] = BODY
    np.testing.assert_allclose(_middle(working_grid(mask, None, VIEW)), _middle(GRID))


def test_the_scan_s_tissue_goes_first() -> None:
    hu = np.full(GRID.shape, -1000, np.int16)
    hu[:, 20:40, 8:28] = 40
    made = working_grid(_mask(BODY), Volume(hu, GRID), VIEW)
    np.testing.assert_allclose(_middle(made)[:2], GRID.to_world((1, 29.5, 17.5))[:2], atol=6.0)


def test_a_scan_of_air_says_nothing() -> None:
    air = Volume(np.full(GRID.shape, -1000, np.int16), GRID)
    np.testing.assert_allclose(_middle(working_grid(_mask(), air, VIEW)), _middle(GRID))


def test_on_an_oblique_mask_they_lie_in_its_planes() -> None:
    tilt = np.deg2rad(25)
    direction = ((1.0, 0.0, 0.0), (0.0, float(np.cos(tilt)), -float(np.sin(tilt))),
                 (0.0, float(np.sin(tilt)), float(np.cos(tilt))))  # fmt: skip
    grid = Grid((3, 60, 80), (3.0, 4.0, 5.0), (7.0, -8.0, 9.0), direction)
    made = working_grid(_mask(grid=grid), None, VIEW)
    for z in (0, 2):
        assert grid.to_index(made.to_world((z, 5, 60)))[0] == pytest.approx(z, abs=1e-9)


@pytest.mark.parametrize(("pixels", "pixel_mm"), [(0, 1.5), (256, 0.0), (256, -1.0), (256, float("nan"))])
def test_an_empty_view_is_refused(pixels: int, pixel_mm: float) -> None:
    with pytest.raises(ParameterError, match="empty"):
        FieldOfView(pixels, pixel_mm)
