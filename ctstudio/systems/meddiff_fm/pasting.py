"""Put what was drawn into a scan: feathered at the margin, and beyond it not a bit of the scan is touched."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ctstudio.core.grid import Grid
from ctstudio.core.volume import Volume
from ctstudio.core.windows import Window

_SOLID = 0.5
"""Part of the margin, from the mask outwards, that is drawn wholly anew."""
_SURE_SDS = 3.0


@dataclass(frozen=True)
class Feather:
    """How much of each voxel is drawn anew.

    Attributes:
        box: The voxels that may change, (z, y, x).
        share: Of the drawing in each voxel of the box, 0 to 1; 0 for voxels of the box that stay.
    """

    box: tuple[slice, slice, slice]
    share: NDArray[np.float32]


def feather(mask: NDArray[np.bool_], grid: Grid, margin_mm: float) -> Feather:
    """A mask widened by half the margin, and fading out over the other half.

    Args:
        mask: (z, y, x) on the scan, not empty.
        grid: The scan's.
        margin_mm: Distance from the mask at which nothing changes any more.
    """
    from scipy import ndimage

    box = box_about(mask, grid.spacing_mm, margin_mm)
    away_mm = ndimage.distance_transform_edt(~mask[box], sampling=grid.spacing_mm[::-1])
    solid = _SOLID * margin_mm
    share = np.where(away_mm == 0, 1.0, np.clip((margin_mm - away_mm) / max(margin_mm - solid, 1e-6), 0.0, 1.0))
    return Feather(box, share.astype(np.float32))


def pasted(scan: Volume, drawn_hu: NDArray[np.floating], soft: Feather, window: Window) -> Volume:
    """A scan with a drawing in it.

    Args:
        scan: HU.
        drawn_hu: (z, y, x) HU in the box of the feather.
        soft: Where, and how much.
        window: What the model sees: a voxel that the scan has beyond an end of it, and the drawing at that end, stays.

    Returns:
        The scan's grid and dtype; every voxel whose share is 0 has the bits that it had.
    """
    array = scan.array.copy()
    before = array[soft.box].astype(np.float32)
    mixed = before + soft.share * (kept_beyond(before, drawn_hu, window) - before)
    if array.dtype.kind in "iu":
        limits = np.iinfo(array.dtype)
        mixed = np.clip(np.rint(mixed), limits.min, limits.max)
    array[soft.box] = np.where(soft.share > 0, mixed.astype(array.dtype), array[soft.box])
    return Volume(array, scan.grid, scan.modality, scan.unit, True, scan.name)


def kept_beyond(
    before_hu: NDArray[np.floating], after_hu: NDArray[np.floating], window: Window, noise_hu: float = np.inf
) -> NDArray[np.float32]:
    """What was made, but the scan's own value where the model cannot tell it.

    Args:
        before_hu: The scan.
        after_hu: What was made of it; same shape.
        window: What the model sees.
        noise_hu: SD of the scan's noise, where what was made is the same tissue: a value further beyond the window than
            noise brings it stays. Elsewhere one stays only where what was made lies at the same end.
    """
    slack, sure = window.width_hu / 200, _SURE_SDS * noise_hu
    above = (before_hu > window.high_hu) & ((after_hu >= window.high_hu - slack) | (before_hu > window.high_hu + sure))
    below = (before_hu < window.low_hu) & ((after_hu <= window.low_hu + slack) | (before_hu < window.low_hu - sure))
    return np.where(above | below, before_hu, after_hu).astype(np.float32)


def outside_digest(array: NDArray[np.generic], soft: Feather) -> str:
    """sha256 of every voxel that must not change, in C order."""
    stays = np.ones(array.shape, bool)
    stays[soft.box] = soft.share == 0
    return hashlib.sha256(np.ascontiguousarray(array[stays]).tobytes()).hexdigest()


def box_about(
    mask: NDArray[np.bool_], spacing_mm: tuple[float, float, float], margin_mm: float
) -> tuple[slice, slice, slice]:
    """The box about a mask, widened by a margin and a voxel, within the volume."""
    found = []
    for axis, mm in enumerate(spacing_mm[::-1]):
        hit = np.flatnonzero(mask.any(axis=tuple(other for other in range(3) if other != axis)))
        reach = int(np.ceil(margin_mm / mm)) + 1
        found.append(slice(max(0, int(hit[0]) - reach), min(mask.shape[axis], int(hit[-1]) + reach + 1)))
    return found[0], found[1], found[2]
