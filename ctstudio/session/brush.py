"""The voxels under a brush: a disc in one plane or a sphere, round in millimetres on any grid."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ctstudio.core.grid import Grid
from ctstudio.session.region import Region

_PIECE_RADII = 4.0
"""A long line is painted in pieces of so many radii, so that a diagonal does not cost its whole box."""


@dataclass(frozen=True)
class Brush:
    """A round brush: a disc in the plane it paints on, or a sphere through the slices.

    Attributes:
        radius_mm: Its radius, mm, > 0. The voxel under its middle always belongs to it.
        sphere: Whether it reaches into neighbouring slices.
    """

    radius_mm: float = 8.0
    sphere: bool = False

    def sweep(
        self, grid: Grid, start_zyx: Sequence[float], end_zyx: Sequence[float], axis: int
    ) -> Iterator[tuple[Region, NDArray[np.bool_]]]:
        """Boxes, and the voxels in each, that the brush covers on a straight way.

        Args:
            grid: The grid painted on.
            start_zyx: Where the middle of the brush begins, voxels (z, y, x), not rounded.
            end_zyx: Where it ends.
            axis: The array axis that the painted plane is perpendicular to: 0 axial, 1 coronal, 2 sagittal.

        Yields:
            A region inside the grid and a boolean array of its shape. Nothing when the way lies outside.
        """
        start, end = np.asarray(start_zyx, float), np.asarray(end_zyx, float)
        if not (np.isfinite(start).all() and np.isfinite(end).all()):
            return
        if not self.sphere:
            start, end = start.copy(), end.copy()
            start[axis] = end[axis] = math.floor(end[axis] + 0.5)
        spacing = np.asarray(grid.spacing_mm[::-1])
        length_mm = float(np.linalg.norm((end - start) * spacing))
        longest_mm = _PIECE_RADII * max(self.radius_mm, float(spacing.max()))
        stops = np.linspace(0.0, 1.0, 1 + max(1, math.ceil(length_mm / longest_mm)))[:, None]
        points = start + stops * (end - start)
        for first, last in itertools.pairwise(points):
            piece = self._piece(grid.shape, spacing, first, last, axis)
            if piece is not None:
                yield piece

    def _piece(
        self,
        shape: tuple[int, int, int],
        spacing: NDArray[np.float64],
        start: NDArray[np.float64],
        end: NDArray[np.float64],
        axis: int,
    ) -> tuple[Region, NDArray[np.bool_]] | None:
        reach = np.maximum(self.radius_mm / spacing, 0.5)
        if not self.sphere:
            reach[axis] = 0.0
        low = np.maximum(np.floor(np.minimum(start, end) - reach + 0.5), 0).astype(int)
        high = np.minimum(np.floor(np.maximum(start, end) + reach + 0.5) + 1, shape).astype(int)
        if (low >= high).any():
            return None
        covered = _near_segment(low, high, spacing, start, end, self.radius_mm)
        _mark_way(covered, low, high, spacing, start, end)
        z, y, x = (slice(int(a), int(b)) for a, b in zip(low, high, strict=True))
        return (z, y, x), covered


def _near_segment(
    low: NDArray[np.int_],
    high: NDArray[np.int_],
    spacing: NDArray[np.float64],
    start: NDArray[np.float64],
    end: NDArray[np.float64],
    radius_mm: float,
) -> NDArray[np.bool_]:
    """Voxels of the box whose centre is within the radius of the segment, boolean, shape of the box."""
    offsets = []
    for a in range(3):
        along = (np.arange(low[a], high[a]) - start[a]) * spacing[a]
        offsets.append(along.reshape([-1 if a == b else 1 for b in range(3)]))
    way = (end - start) * spacing
    squared = float(way @ way)
    distance2 = offsets[0] ** 2 + offsets[1] ** 2 + offsets[2] ** 2
    if squared > 0:
        dot = offsets[0] * way[0] + offsets[1] * way[1] + offsets[2] * way[2]
        share = np.clip(dot / squared, 0.0, 1.0)
        distance2 = distance2 - 2 * share * dot + share**2 * squared
    covered: NDArray[np.bool_] = distance2 <= radius_mm**2 * (1 + 1e-9)
    return covered


def _mark_way(
    covered: NDArray[np.bool_],
    low: NDArray[np.int_],
    high: NDArray[np.int_],
    spacing: NDArray[np.float64],
    start: NDArray[np.float64],
    end: NDArray[np.float64],
) -> None:
    """Mark the voxels right under the way, so that a brush thinner than a voxel leaves no gaps."""
    steps = 1 + math.ceil(2 * float(np.abs(end - start).max()))
    points = start + np.linspace(0.0, 1.0, steps + 1)[:, None] * (end - start)
    voxels = np.floor(points + 0.5).astype(int)
    inside = ((voxels >= low) & (voxels < high)).all(axis=1)
    covered[tuple((voxels[inside] - low).T)] = True
