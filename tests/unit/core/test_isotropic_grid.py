"""Cubes of voxels over an image's place."""

from __future__ import annotations

import numpy as np
import pytest

from ctstudio.core.errors import ParameterError
from ctstudio.core.grid import Grid
from ctstudio.core.isotropic_grid import isotropic_grid

TILTED = ((0.8, -0.6, 0.0), (0.6, 0.8, 0.0), (0.0, 0.0, 1.0))


@pytest.mark.parametrize("spacing_mm", [0.4, 1.0, 3.0, 7.0])
@pytest.mark.parametrize(
    "grid",
    [
        Grid((37, 51, 64), (0.7, 0.9, 2.5), (-20.0, 5.0, 300.0)),
        Grid((1, 30, 30), (1.0, 1.0, 5.0)),
        Grid((20, 41, 23), (1.1, 0.8, 3.0), (4.0, 2.0, 1.0), TILTED),
    ],
)
def test_cubes_cover_the_image_and_hardly_more(grid: Grid, spacing_mm: float) -> None:
    found = isotropic_grid(grid, spacing_mm)
    assert found.spacing_mm == (spacing_mm,) * 3
    assert found.direction == grid.direction
    assert all(0 <= wide - own < spacing_mm for wide, own in zip(found.extent_mm, grid.extent_mm, strict=True))
    middles = [one.to_world([(n - 1) / 2 for n in one.shape]) for one in (found, grid)]
    np.testing.assert_allclose(middles[0], middles[1], atol=1e-9)
    corners = np.array([[z, y, x] for z in (0, 1) for y in (0, 1) for x in (0, 1)]) * np.asarray(grid.shape) - 0.5
    inside = found.to_index(grid.to_world(corners))
    assert inside.min() >= -0.5 - 1e-6
    assert np.all(inside <= np.asarray(found.shape) - 0.5 + 1e-6)


def test_an_image_of_such_cubes_keeps_its_grid() -> None:
    grid = Grid((40, 50, 60), (3.0, 3.0, 3.0), (1.5, -7.0, 12.25), TILTED)
    assert isotropic_grid(grid, 3.0) is grid


@pytest.mark.parametrize("spacing_mm", [0.0, -1.0, float("inf"), float("nan")])
def test_no_spacing_is_refused(spacing_mm: float) -> None:
    with pytest.raises(ParameterError, match="cannot be"):
        isotropic_grid(Grid((2, 2, 2)), spacing_mm)
