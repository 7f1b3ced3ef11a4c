"""From the voxels of one label to a smooth field whose level surface holds the label's own volume.

A mask is all or nothing, so a surface through it has stairs, and smoothing them away shrinks what is thin: a vessel of
two voxels loses a third. Here the mask is blurred first, and the level is taken at which as many voxels lie above it as
the label has: large organs keep their size, and vessels and airways do not vanish.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ctstudio.core.grid import Grid

Box = tuple[slice, slice, slice]
MOST_VOXELS = 6_000_000
"""Of a label's box that is worked on at full size; a larger one is reduced. Source: ours, half a second of one core."""
_SLAB = 16
_SIGMA_VOXELS = 0.9
_SIGMA_OF_COARSEST = 0.3
_MARGIN = 3
_HIGHEST_LEVEL = 0.5


@dataclass(frozen=True)
class LabelField:
    """A label as a smooth field.

    Attributes:
        array: (z, y, x) float32, 0 outside to 1 deep inside.
        level: Where the surface goes.
        steps: Voxels of the grid to one of the field, along (z, y, x).
        first: Position on the grid, (z, y, x), of the field's voxel (0, 0, 0).
        voxels: How many voxels of the grid the label has.
    """

    array: NDArray[np.float32]
    level: float
    steps: tuple[int, int, int]
    first: tuple[float, float, float]
    voxels: int

    @property
    def reduced(self) -> bool:
        """Whether it is coarser than the grid."""
        return max(self.steps) > 1


def boxes(labels: NDArray[np.uint8], values: Iterable[int]) -> dict[int, Box]:
    """The smallest box that holds each of these labels; those that do not occur are left out.

    It goes through slabs of slices, so that the other threads are never kept waiting.
    """
    from scipy.ndimage import find_objects

    wanted, found = set(values), dict[int, Box]()
    for start in range(0, labels.shape[0], _SLAB):
        for place, box in enumerate(find_objects(labels[start : start + _SLAB]), start=1):
            if box is not None and place in wanted:
                here = (slice(box[0].start + start, box[0].stop + start), box[1], box[2])
                found[place] = _union(found[place], here) if place in found else here
    return found


def label_field(labels: NDArray[np.uint8], value: int, box: Box, grid: Grid) -> LabelField | None:
    """The field of one label.

    Args:
        labels: (z, y, x) label values.
        value: Which label.
        box: Holds all of it.
        grid: Where the labels lie; its spacing steers reduction and blur.

    Returns:
        None when the label does not occur in the box any more.

    Source: ours.
    """
    from scipy.ndimage import gaussian_filter

    inside = labels[box] == value
    voxels = int(np.count_nonzero(inside))
    if not voxels:
        return None
    steps = steps_for((inside.shape[0], inside.shape[1], inside.shape[2]), grid.spacing_mm, MOST_VOXELS)
    share = np.pad(block_mean(inside, steps), _MARGIN)
    spacing_mm = np.asarray(grid.spacing_mm[::-1]) * steps
    sigma = np.maximum(_SIGMA_VOXELS, _SIGMA_OF_COARSEST * spacing_mm.max() / spacing_mm)
    field = gaussian_filter(share, sigma, truncate=3.0)
    wanted = max(1, round(voxels / float(np.prod(steps))))
    first = tuple(box[axis].start + (steps[axis] - 1) / 2 - _MARGIN * steps[axis] for axis in range(3))
    return LabelField(field, _level(field, wanted), steps, (first[0], first[1], first[2]), voxels)


def steps_for(shape: tuple[int, int, int], spacing_mm: tuple[float, float, float], most: int) -> tuple[int, int, int]:
    """By how many voxels along (z, y, x) to reduce a box so that at most `most` are left, evenly in millimetres."""
    spacing = np.asarray(spacing_mm[::-1])
    pitch = spacing.min()
    while True:
        steps = np.maximum(1, np.floor(pitch / spacing + 1e-6)).astype(int)
        if float(np.prod(np.ceil(np.asarray(shape) / steps))) <= most:
            return int(steps[0]), int(steps[1]), int(steps[2])
        pitch *= 1.25


def block_mean(array: NDArray[np.bool_] | NDArray[np.int16], steps: tuple[int, int, int]) -> NDArray[np.float32]:
    """Means of blocks of voxels; what is missing at the far ends counts as 0."""
    if steps == (1, 1, 1):
        return array.astype(np.float32)
    z, y, x = (-(-n // step) for n, step in zip(array.shape, steps, strict=True))
    total = np.zeros((z, y, x), np.float32)
    for dz in range(steps[0]):
        for dy in range(steps[1]):
            for dx in range(steps[2]):
                part = array[dz :: steps[0], dy :: steps[1], dx :: steps[2]]
                total[: part.shape[0], : part.shape[1], : part.shape[2]] += part
    total /= np.float32(np.prod(steps))
    return total


def _level(field: NDArray[np.float32], voxels: int) -> float:
    """The level that so many voxels reach: half way where the label is thick, lower where all of it is thin."""
    above = field[field > 1e-3]
    if voxels >= above.size:
        return 1e-3
    level = float(np.partition(above, above.size - voxels)[above.size - voxels])
    return min(level, _HIGHEST_LEVEL, float(field.max()) * 0.8)


def _union(a: Box, b: Box) -> Box:
    z, y, x = (slice(min(i.start, j.start), max(i.stop, j.stop)) for i, j in zip(a, b, strict=True))
    return z, y, x
