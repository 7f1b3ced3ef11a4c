"""The place of an image in cubes of voxels: one place, because the desk predicts what a system will be asked."""

from __future__ import annotations

import math

import numpy as np

from ctstudio.core.errors import ParameterError
from ctstudio.core.grid import Grid

_ROUNDING = 1e-3


def isotropic_grid(grid: Grid, spacing_mm: float) -> Grid:
    """Cubes of `spacing_mm` over all that an image covers, with its middle and direction.

    An image that has such voxels keeps its own grid. Otherwise the cubes reach beyond it by less than one of them.

    Raises:
        ParameterError: The spacing is not positive.
    """
    if not 0 < spacing_mm < float("inf"):
        raise ParameterError(f"Voxels of {spacing_mm} mm cannot be.", "Repair 'spacing_mm' in the model's model.json.")
    sides = [max(1, math.ceil(extent / spacing_mm - _ROUNDING)) for extent in grid.extent_mm]
    middle = grid.to_world([(n - 1) / 2 for n in grid.shape])
    x, y, z = middle - np.asarray(grid.direction) @ ((np.asarray(sides) - 1) / 2 * spacing_mm)
    shape = (sides[2], sides[1], sides[0])
    found = Grid(shape, (spacing_mm,) * 3, (float(x), float(y), float(z)), grid.direction)
    return grid if grid.matches(found) else found
