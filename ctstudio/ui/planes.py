"""The three planes: which array axes they show, and where a voxel lies on them in millimetres.

Arrays are (z, y, x) and stored towards left, back and head. Screens show them in the radiological way:
the patient's right on the left of the screen, front and head on top.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ctstudio.core.grid import Grid

_OPPOSITE = {"L": "R", "R": "L", "P": "A", "A": "P", "S": "I", "I": "S"}


@dataclass(frozen=True)
class Plane:
    """A view plane.

    Attributes:
        title: What the view is called.
        normal: Array axis (0 = z, 1 = y, 2 = x) that scrolling moves along.
        row: Array axis that runs down the screen.
        column: Array axis that runs to the right of the screen.
        flipped: Whether rows run against their array axis, so that the head is on top.
    """

    title: str
    normal: int
    row: int
    column: int
    flipped: bool


AXIAL = Plane("Axial", 0, 1, 2, False)
CORONAL = Plane("Coronal", 1, 0, 2, True)
SAGITTAL = Plane("Sagittal", 2, 0, 1, True)
PLANES = (AXIAL, CORONAL, SAGITTAL)


def cut(array: NDArray[Any], plane: Plane, index: int) -> NDArray[Any]:
    """The (row, column) slice of a (z, y, x) array as the screen shows it; a view, not a copy."""
    where: list[int | slice] = [slice(None)] * 3
    where[plane.normal] = index
    picture: NDArray[Any] = array[tuple(where)]
    return picture[::-1] if plane.flipped else picture


def pixel_mm(grid: Grid, plane: Plane) -> tuple[float, float]:
    """Width and height of one pixel, mm."""
    return grid.spacing_mm[2 - plane.column], grid.spacing_mm[2 - plane.row]


def size_mm(grid: Grid, plane: Plane) -> tuple[float, float]:
    """Width and height of the whole slice, mm."""
    width, height = pixel_mm(grid, plane)
    return grid.shape[plane.column] * width, grid.shape[plane.row] * height


def to_screen(grid: Grid, plane: Plane, index_zyx: Sequence[float]) -> tuple[float, float]:
    """Where the centre of a voxel lies, mm to the right of and below the slice's corner."""
    width, height = pixel_mm(grid, plane)
    row = index_zyx[plane.row]
    if plane.flipped:
        row = grid.shape[plane.row] - 1 - row
    return (index_zyx[plane.column] + 0.5) * width, (row + 0.5) * height


def to_index(grid: Grid, plane: Plane, right_mm: float, down_mm: float, slice_index: int) -> tuple[float, float, float]:
    """The voxel position (z, y, x), not rounded, of a point on a slice."""
    width, height = pixel_mm(grid, plane)
    row = down_mm / height - 0.5
    if plane.flipped:
        row = grid.shape[plane.row] - 1 - row
    index = [0.0, 0.0, 0.0]
    index[plane.normal] = float(slice_index)
    index[plane.column] = right_mm / width - 0.5
    index[plane.row] = row
    return index[0], index[1], index[2]


def rounded(grid: Grid, index_zyx: Sequence[float]) -> tuple[int, int, int]:
    """The nearest voxel inside the grid."""
    z, y, x = (int(np.clip(round(i), 0, n - 1)) for i, n in zip(index_zyx, grid.shape, strict=True))
    return z, y, x


def edge_letters(grid: Grid, plane: Plane) -> tuple[str, str, str, str]:
    """Orientation letters at the left, right, top and bottom edge of the screen."""
    towards = grid.orientation
    right = towards[2 - plane.column]
    down = towards[2 - plane.row]
    if plane.flipped:
        down = _OPPOSITE[down]
    return _OPPOSITE[right], right, _OPPOSITE[down], down


def rectangle(grid: Grid, plane: Plane, low_zyx: Sequence[int], high_zyx: Sequence[int]) -> tuple[int, int, int, int]:
    """Rows and columns (top, bottom, left, right; ends excluded) of a box of voxels on the screen."""
    top, bottom = low_zyx[plane.row], high_zyx[plane.row]
    if plane.flipped:
        rows = grid.shape[plane.row]
        top, bottom = rows - bottom, rows - top
    return top, bottom, low_zyx[plane.column], high_zyx[plane.column]
