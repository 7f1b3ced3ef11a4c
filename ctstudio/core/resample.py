"""Bring an image onto another grid by physical space, one axial slice at a time to bound memory."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ctstudio.core.grid import Grid
from ctstudio.core.labels import LabelMap
from ctstudio.core.volume import Volume

_STRAIGHT = 1e-6
"""Voxels that axes may lean over the whole of a grid, and still count as alike."""


def labels_onto(labels: LabelMap, grid: Grid) -> LabelMap:
    """Labels on another grid, nearest voxel; background where there is no data."""
    if labels.grid.matches(grid):
        return labels
    straight = _along_axes(labels.grid, grid)
    if straight is not None:
        return LabelMap(_picked(labels.array, straight), grid, labels.table, labels.synthetic, labels.name)
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


def _along_axes(source: Grid, target: Grid) -> list[NDArray[np.float64]] | None:
    """Positions of the target's voxels along each axis (z, y, x) of the source; None where their axes are not alike."""
    step = np.linalg.inv(source.affine) @ target.affine
    across = np.abs(step[:3, :3] - np.diag(np.diag(step)[:3])) @ np.asarray(target.shape[::-1])
    if across.max() > _STRAIGHT:
        return None
    return [step[axis, axis] * np.arange(target.shape[2 - axis]) + step[axis, 3] for axis in (2, 1, 0)]


def _picked(array: NDArray[Any], positions: list[NDArray[np.float64]]) -> NDArray[Any]:
    """The nearest voxels of an array, along one axis after the other, the last first; 0 outside."""
    for axis in (2, 1, 0):
        nearest = np.floor(positions[axis] + 0.5).astype(np.intp)
        outside = (nearest < 0) | (nearest >= array.shape[axis])
        array = array.take(nearest.clip(0, array.shape[axis] - 1), axis)
        np.moveaxis(array, axis, 0)[outside] = 0
    return array


def volume_onto_coarser(volume: Volume, grid: Grid, outside: float) -> Volume:
    """An image on a grid of larger voxels: means of whole blocks that fit into one first, so that noise does not alias.

    The same as `volume_onto` where no two voxels fit into one of the grid's.
    """
    if volume.grid.matches(grid):
        return volume
    target = min(grid.spacing_mm)
    x, y, z = (max(1, int(target / own + 1e-3)) for own in volume.grid.spacing_mm)
    return volume_onto(_blocks(volume, (z, y, x)), grid, outside)


def _blocks(volume: Volume, factors: tuple[int, int, int]) -> Volume:
    """Means of blocks of (z, y, x) voxels; the last voxels are repeated to fill the last block."""
    if factors == (1, 1, 1):
        return volume
    fz, fy, fx = factors
    depth, rows, columns = (-(-n // factor) for n, factor in zip(volume.grid.shape, factors, strict=True))
    missing = [(0, whole * f - n) for whole, f, n in zip((rows, columns), (fy, fx), volume.grid.shape[1:], strict=True)]
    means = np.empty((depth, rows, columns), np.float32)
    for z in range(depth):
        slab = volume.array[z * fz : (z + 1) * fz].astype(np.float32).mean(axis=0)
        means[z] = np.pad(slab, missing, mode="edge").reshape(rows, fy, columns, fx).mean(axis=(1, 3))
    ox, oy, oz = volume.grid.to_world([(factor - 1) / 2 for factor in factors])
    sx, sy, sz = volume.grid.spacing_mm
    grid = Grid(means.shape, (sx * fx, sy * fy, sz * fz), (float(ox), float(oy), float(oz)), volume.grid.direction)
    return Volume(means, grid, volume.modality, volume.unit, volume.synthetic, volume.name)


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
