"""The coarser lattices of a scan: every second voxel, or every third, from each beginning.

A model whose voxels are coarser than a scan's would blur it. Each lattice has about the model's voxels and the noise of
the scan's; together they are the scan again. In one place, because the desk foretells how many there will be.
Source: ours.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

from ctstudio.core.grid import Grid

_FEWEST = 16
"""Voxels along an axis that a lattice has at least, or there is no anatomy left in it."""

Part = tuple[slice, slice, slice]


@dataclass(frozen=True)
class Lattice:
    """One of them.

    Attributes:
        part: Its voxels in the scan's array (z, y, x).
        grid: Where they lie.
    """

    part: Part
    grid: Grid


def lattices(grid: Grid, spacing_mm: float) -> Iterator[Lattice]:
    """The lattices of a grid whose voxels come nearest to cubes of `spacing_mm`; the grid itself where it is coarse."""
    steps = strides(grid, spacing_mm)
    for begin in product(*(range(step) for step in steps)):
        part = tuple(slice(first, None, step) for first, step in zip(begin, steps, strict=True))
        yield Lattice((part[0], part[1], part[2]), _grid_of(grid, begin, steps))


def strides(grid: Grid, spacing_mm: float) -> tuple[int, int, int]:
    """Voxels (z, y, x) from one voxel of a lattice to the next."""
    z, y, x = (
        max(1, min(round(spacing_mm / own), n // _FEWEST))
        for own, n in zip(grid.spacing_mm[::-1], grid.shape, strict=True)
    )
    return z, y, x


def _grid_of(grid: Grid, begin: tuple[int, ...], steps: tuple[int, ...]) -> Grid:
    shape = tuple(len(range(first, n, step)) for first, n, step in zip(begin, grid.shape, steps, strict=True))
    x, y, z = grid.to_world([float(first) for first in begin])
    spacing = [mm * step for mm, step in zip(grid.spacing_mm, steps[::-1], strict=True)]
    return Grid(
        (shape[0], shape[1], shape[2]),
        (spacing[0], spacing[1], spacing[2]),
        (float(x), float(y), float(z)),
        grid.direction,
    )
