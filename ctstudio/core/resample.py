"""Bring an image onto another grid by physical space, one axial slice at a time to bound memory."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ctstudio.core.grid import Grid
from ctstudio.core.labels import LabelMap
from ctstudio.core.volume import Volume


def labels_onto(labels: LabelMap, grid: Grid) -> LabelMap:
    """Labels on another grid, nearest voxel; background where there is no data."""
    if labels.grid.matches(grid):
        return labels
    array = np.zeros(grid.shape, labels.array.dtype)
    for z, index in _slices(labels.grid, grid):
        nearest, inside = _rounded(index, labels.grid.shape)
        array[z] = np.where(inside, labels.array[tuple(nearest)], 0)
    return LabelMap(array, grid, labels.table, labels.synthetic, labels.name)


def volume_onto(volume: Volume, grid: Grid, outside: float) -> Volume:
    """An image on another grid, trilinear, float32; `outside` where there is no data. As it is on the same grid."""
    if volume.grid.matches(grid):
        return volume
    array = np.full(grid.shape, outside, np.float32)
    for z, index in _slices(volume.grid, grid):
        _, inside = _rounded(index, volume.grid.shape)
        array[z] = np.where(inside, _trilinear(volume.array, index), outside)
    return Volume(array, grid, volume.modality, volume.unit, volume.synthetic, volume.name)


def _slices(source: Grid, target: Grid) -> Iterator[tuple[int, NDArray[np.float64]]]:
    """For each axial slice of `target`: its number and (3, y, x) positions (z, y, x) in `source`."""
    step = np.linalg.inv(source.affine) @ target.affine
    ys, xs = np.meshgrid(np.arange(target.shape[1]), np.arange(target.shape[2]), indexing="ij")
    plane = step[:3, 0, None, None] * xs + step[:3, 1, None, None] * ys + step[:3, 3, None, None]
    for z in range(target.shape[0]):
        yield z, (plane + step[:3, 2, None, None] * z)[::-1]


def _rounded(index: NDArray[Any], shape: tuple[int, int, int]) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
    """Nearest voxels, clamped, and whether each lay inside."""
    nearest = np.floor(index + 0.5).astype(np.intp)
    limits = np.asarray(shape)[:, None, None]
    inside: NDArray[np.bool_] = np.all((nearest >= 0) & (nearest < limits), axis=0)
    return np.clip(nearest, 0, limits - 1), inside


def _trilinear(array: NDArray[Any], index: NDArray[Any]) -> NDArray[np.float32]:
    limits = np.asarray(array.shape)[:, None, None] - 1
    index = np.clip(index, 0, limits)
    low = np.floor(index).astype(np.intp)
    high = np.minimum(low + 1, limits)
    part = (index - low).astype(np.float32)
    total = np.zeros(index.shape[1:], np.float32)
    for corner in range(8):
        bits = (corner >> 2 & 1, corner >> 1 & 1, corner & 1)
        weight = np.ones(index.shape[1:], np.float32)
        for axis, bit in enumerate(bits):
            weight = weight * (part[axis] if bit else 1 - part[axis])
        where = tuple(high[a] if bit else low[a] for a, bit in enumerate(bits))
        total += weight * array[where].astype(np.float32)
    return total
