"""A scan made ready to be drawn as a volume: smaller where it is large, and only the part that a preset shows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ctstudio.core.errors import Cancelled
from ctstudio.core.grid import Grid
from ctstudio.core.volume import Volume
from ctstudio.ui.scene.label_field import steps_for
from ctstudio.ui.scene.presets import Part

MOST_VOXELS_SPARED = 256**3
MOST_VOXELS = 384**3
"""That a processor, or a graphics card, draws. Source: ours, about a tenth of a second a frame while turning."""
_AIR_HU, _WATER_HU = -1000, 0
_BODY_HU = -320
_AIRWAY_HU = -935
_SIGMA_VOXELS: dict[Part, float] = {"whole": 1.0, "lungs": 0.6, "airways": 0.6}
"""Of the blur against noise, which shading makes worse; less where thin things are looked at. Source: ours, by eye."""
_COARSE_VOXELS = 900_000
_CLOSED_MM, _DEPTH_MM = 6.5, 3.5
_RIM, _ALL = 2, slice(None)
_NO_LUNGS = "No lungs were found in this scan: all of it is shown."
_LEAST_LUNG_ML, _SHARE_OF_LUNGS = 20.0, 0.12
_LEAST_AIRWAY_ML, _SHARE_OF_LARGEST = 0.3, 0.25


@dataclass(frozen=True)
class VolumeField:
    """What is drawn.

    Attributes:
        array: (z, y, x) int16 HU.
        steps: Voxels of the scan to one of these, along (z, y, x).
        grid: Where it lies.
        note: What a person should know; "" when nothing.
    """

    array: NDArray[np.int16]
    steps: tuple[int, int, int]
    grid: Grid
    note: str = ""

    @property
    def reduced(self) -> bool:
        """Whether it is coarser than the scan."""
        return max(self.steps) > 1


def volume_field(volume: Volume, part: Part, spare: bool, cancelled: Callable[[], bool]) -> VolumeField:
    """Make a CT ready; takes a second or two for 256³ voxels, in any thread.

    Args:
        volume: A CT in HU.
        part: Which part of it; the whole one where no lungs are found.
        spare: A processor draws.
        cancelled: Asked between steps.

    Raises:
        Cancelled: Somebody wanted it no more.

    Source: ours.
    """
    steps = steps_for(volume.grid.shape, volume.grid.spacing_mm, MOST_VOXELS_SPARED if spare else MOST_VOXELS)
    hu = _reduced(volume.array, steps, _SIGMA_VOXELS[part], cancelled)
    grid = _grid_of(volume.grid, hu.shape, steps)
    if part == "whole":
        return _cropped(hu, hu > _BODY_HU, steps, grid)
    _go_on(cancelled)
    within = _within(hu, grid, part)
    _go_on(cancelled)
    if within is None:
        return replace(_cropped(hu, hu > _BODY_HU, steps, grid), note=_NO_LUNGS)
    shown = np.where(within, hu, np.int16(_WATER_HU if part == "airways" else _AIR_HU))
    return _cropped(shown, within, steps, grid)


def _cropped(hu: NDArray[np.int16], kept: NDArray[np.bool_], steps: tuple[int, int, int], grid: Grid) -> VolumeField:
    """The smallest box of voxels that holds what is kept, and a rim."""
    ends = []
    for axis, others in enumerate(((1, 2), (0, 2), (0, 1))):
        found = np.flatnonzero(kept.any(axis=others))
        ends.append(slice(max(found[0] - _RIM, 0), min(found[-1] + _RIM + 1, hu.shape[axis])) if found.size else _ALL)
    box = tuple(slice(*end.indices(n)) for end, n in zip(ends, hu.shape, strict=True))
    inner = np.ascontiguousarray(hu[box])
    x, y, z = (float(mm) for mm in grid.to_world([end.start for end in box]))
    place = Grid((inner.shape[0], inner.shape[1], inner.shape[2]), grid.spacing_mm, (x, y, z), grid.direction)
    return VolumeField(inner, steps, place)


def _reduced(
    array: NDArray[Any], steps: tuple[int, int, int], sigma: float, cancelled: Callable[[], bool]
) -> NDArray[np.int16]:
    """Means of blocks of whole voxels, slightly blurred against noise, slab by slab."""
    from scipy.ndimage import gaussian_filter

    z, y, x = (n // step for n, step in zip(array.shape, steps, strict=True))
    out = np.empty((z, y, x), np.float32)
    for k in range(z):
        if k % 16 == 0:
            _go_on(cancelled)
        block = array[k * steps[0] : (k + 1) * steps[0], : y * steps[1], : x * steps[2]]
        parts = block.reshape(steps[0], y, steps[1], x, steps[2])
        parts.mean(axis=(0, 2, 4), dtype=np.float32, out=out[k])
    np.nan_to_num(out, copy=False, nan=_AIR_HU, posinf=3000, neginf=_AIR_HU)
    np.clip(out, -1100, 3500, out=out)
    return np.asarray(np.rint(gaussian_filter(out, sigma, truncate=3.0)), np.int16)


def _grid_of(grid: Grid, shape: tuple[int, ...], steps: tuple[int, int, int]) -> Grid:
    """The grid of blocks of voxels."""
    x, y, z = (float(mm) for mm in grid.to_world([(step - 1) / 2 for step in steps]))
    dx, dy, dz = (mm * step for mm, step in zip(grid.spacing_mm, steps[::-1], strict=True))
    return Grid((shape[0], shape[1], shape[2]), (dx, dy, dz), (x, y, z), grid.direction)


def _within(hu: NDArray[np.int16], grid: Grid, part: Part) -> NDArray[np.bool_] | None:
    """Where the part lies; None where there is no lung."""
    from scipy.ndimage import zoom

    steps = steps_for(grid.shape, grid.spacing_mm, _COARSE_VOXELS)
    coarse = hu[:: steps[0], :: steps[1], :: steps[2]]
    spacing_mm = np.asarray(grid.spacing_mm[::-1]) * steps
    lungs = _lungs(coarse, spacing_mm)
    if not lungs.any():
        return None
    depth = _depth_mm(lungs, spacing_mm)
    factors = [n / k for n, k in zip(hu.shape, depth.shape, strict=True)]
    deep = zoom(depth, factors, order=1, mode="nearest", grid_mode=True)
    if part == "lungs":
        return np.asarray(deep > _DEPTH_MM + spacing_mm.min() / 2)  # the coarse grid hides half a voxel of chest wall
    return _connected_air(hu, deep > -3.0, grid.voxel_volume_mm3)


def _lungs(hu: NDArray[np.int16], spacing_mm: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Air that does not hang together with the air beside the body: lungs and airways; gas in the bowel is less."""
    from scipy.ndimage import label

    pieces, count = label(hu < _BODY_HU)
    sides = (pieces[:, 0], pieces[:, -1], pieces[:, :, 0], pieces[:, :, -1])
    millilitres = np.bincount(pieces.ravel(), minlength=count + 1) * float(np.prod(spacing_mm)) / 1000
    millilitres[np.unique(np.concatenate([side.ravel() for side in sides]))] = 0.0
    millilitres[0] = 0.0
    kept = millilitres >= max(_LEAST_LUNG_ML, _SHARE_OF_LUNGS * float(millilitres.max()))
    inside: NDArray[np.bool_] = kept[pieces]
    return inside


def _depth_mm(lungs: NDArray[np.bool_], spacing_mm: NDArray[np.float64]) -> NDArray[np.float32]:
    """How deep each voxel lies in the lungs with their vessels filled, mm; negative outside, down to -6.5 mm."""
    from scipy.ndimage import distance_transform_edt

    margin = int(np.ceil(_CLOSED_MM / spacing_mm.min())) + 1
    wide = np.pad(lungs, margin, mode="edge")
    grown = distance_transform_edt(~wide, spacing_mm) <= _CLOSED_MM
    depth = distance_transform_edt(grown, spacing_mm) - _CLOSED_MM
    inner = (slice(margin, -margin),) * 3
    return np.asarray(depth[inner], np.float32)


def _connected_air(hu: NDArray[np.int16], near: NDArray[np.bool_], voxel_mm3: float) -> NDArray[np.bool_]:
    """The airways: pieces of air in or near the lungs that are no specks of noise, and a rim to be shaded."""
    from scipy.ndimage import binary_dilation, gaussian_filter, label

    air = (gaussian_filter(hu.astype(np.float32), 0.7) < _AIRWAY_HU) & near
    pieces, count = label(air)
    millilitres = np.bincount(pieces.ravel(), minlength=count + 1) * voxel_mm3 / 1000
    millilitres[0] = 0.0
    kept = millilitres >= max(_LEAST_AIRWAY_ML, _SHARE_OF_LARGEST * float(millilitres.max()))
    return np.asarray(binary_dilation(kept[pieces], iterations=1))


def _go_on(cancelled: Callable[[], bool]) -> None:
    if cancelled():
        raise Cancelled("The scene was not built: it is not wanted any more.")
