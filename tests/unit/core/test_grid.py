"""What a grid refuses to be."""

from __future__ import annotations

import math

import numpy as np
import pytest

from ctstudio.core.errors import GeometryError
from ctstudio.core.grid import Grid

NAN = float("nan")


def test_a_turned_grid_is_one() -> None:
    c, s = math.cos(0.3), math.sin(0.3)
    grid = Grid((2, 3, 4), direction=((c, -s, 0.0), (s, c, 0.0), (0.0, 0.0, 1.0)))
    np.testing.assert_allclose(grid.to_index(grid.to_world((1, 2, 3))), (1, 2, 3), atol=1e-12)


@pytest.mark.parametrize(
    "direction",
    [
        ((1.0, 0.5, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)),  # sheared, though its determinant is 1
        ((1.0, 0.0, 0.0), (0.0, 2.0, 0.0), (0.0, 0.0, 0.5)),
        ((1.0, 0.0, 0.0), (0.0, 0.0, 0.0), (0.0, 0.0, 1.0)),
        ((NAN, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)),
    ],
)
def test_axes_that_are_not_at_right_angles_are_refused(direction: tuple[tuple[float, float, float], ...]) -> None:
    with pytest.raises(GeometryError, match="not a rotation"):
        Grid((2, 3, 4), direction=direction)


@pytest.mark.parametrize("origin_mm", [(NAN, 0.0, 0.0), (0.0, float("inf"), 0.0)])
def test_a_place_that_is_no_number_is_refused(origin_mm: tuple[float, float, float]) -> None:
    with pytest.raises(GeometryError, match="no place"):
        Grid((2, 3, 4), origin_mm=origin_mm)


@pytest.mark.parametrize("spacing_mm", [(0.0, 1.0, 1.0), (1.0, -1.0, 1.0), (1.0, 1.0, NAN)])
def test_a_spacing_that_is_not_positive_is_refused(spacing_mm: tuple[float, float, float]) -> None:
    with pytest.raises(GeometryError, match="not positive"):
        Grid((2, 3, 4), spacing_mm)
