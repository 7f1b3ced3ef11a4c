"""Where the lungs lie in a scan."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from ctstudio.core.errors import MaskError
from ctstudio.core.grid import Grid
from ctstudio.core.resample import volume_onto
from ctstudio.core.volume import Volume

LUNG_BELOW_HU = -500.0
_VOXEL_MM = 5.0
_OTHER_SHARE = 0.1
"""A part of this share of the largest is a lung too; less is bowel gas or a bulla."""
_LEAST_ML = 300.0


def middle_of_lungs_mm(scan: Volume) -> tuple[float, float, float]:
    """World point (x, y, z) in the middle of the box around both lungs.

    Raises:
        MaskError: No air inside a body is large enough to be a lung.

    Source: ours.
    """
    coarse = volume_onto(scan, _coarse_grid(scan.grid), LUNG_BELOW_HU)
    where = np.argwhere(_lungs(coarse.array < LUNG_BELOW_HU, coarse.grid))
    if not len(where):
        raise MaskError("No lungs are seen in the scan.", "Give a CT of a whole chest.")
    x, y, z = coarse.grid.to_world((where.min(axis=0) + where.max(axis=0)) / 2)
    return float(x), float(y), float(z)


def _lungs(air: NDArray[np.bool_], grid: Grid) -> NDArray[np.bool_]:
    """The large parts of the air that no side of the slices is open to."""
    parts, _ = ndimage.label(air)
    rim = np.concatenate([parts[:, 0].ravel(), parts[:, -1].ravel(), parts[:, :, 0].ravel(), parts[:, :, -1].ravel()])
    sizes = np.bincount(parts.ravel()) * grid.voxel_volume_mm3 / 1000
    sizes[0] = 0
    sizes[np.unique(rim)] = 0
    if sizes.max() < _LEAST_ML:
        return np.zeros_like(air)
    return np.asarray((sizes >= _OTHER_SHARE * sizes.max())[parts])


def _coarse_grid(grid: Grid) -> Grid:
    """The same place in voxels of about 5 mm."""
    sides = [max(1, round(extent / _VOXEL_MM)) for extent in grid.extent_mm]
    spacing = tuple(extent / side for extent, side in zip(grid.extent_mm, sides, strict=True))
    low = grid.to_world((-0.5, -0.5, -0.5))
    origin = low + np.asarray(grid.direction) @ (0.5 * np.asarray(spacing))
    return Grid(
        (sides[2], sides[1], sides[0]),
        (spacing[0], spacing[1], spacing[2]),
        (float(origin[0]), float(origin[1]), float(origin[2])),
        grid.direction,
    )
