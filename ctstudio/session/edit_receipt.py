"""What an edit did to a scan, counted here from both, whatever the engine says: the receipt of lesion work."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ctstudio.core.labels import LabelMap
from ctstudio.core.volume import Volume


@dataclass(frozen=True)
class EditReceipt:
    """What changed and what did not.

    Attributes:
        changed_voxels: Voxels whose value is another.
        changed_ml: Their volume.
        unchanged_voxels: All others; each has the bits that it had.
        farthest_mm: From the lesion to the farthest changed voxel; 0 when none lies outside it.
        mean_hu: In the lesion, before and after.
        sd_hu: In the lesion, before and after.
        lesion_ml: Volume of the lesion.
    """

    changed_voxels: int
    changed_ml: float
    unchanged_voxels: int
    farthest_mm: float
    mean_hu: tuple[float, float]
    sd_hu: tuple[float, float]
    lesion_ml: float


def edit_receipt(before: Volume, after: Volume, lesion: LabelMap) -> EditReceipt | None:
    """Count what an edit changed; None when the three do not lie on one grid, or there is no lesion.

    Walks through both: not for the window's thread.
    """
    shape = before.array.shape
    if after.array.shape != shape or lesion.array.shape != shape or not lesion.array.any():
        return None
    changed = _changed(before.array, after.array)
    inside = lesion.array > 0
    values = before.array[inside].astype(np.float64), after.array[inside].astype(np.float64)
    voxel_ml = before.grid.voxel_volume_mm3 / 1000
    count = int(changed.sum())
    return EditReceipt(
        changed_voxels=count,
        changed_ml=count * voxel_ml,
        unchanged_voxels=changed.size - count,
        farthest_mm=_farthest_mm(changed, inside, before.grid.spacing_mm),
        mean_hu=(float(values[0].mean()), float(values[1].mean())),
        sd_hu=(float(values[0].std()), float(values[1].std())),
        lesion_ml=float(inside.sum()) * voxel_ml,
    )


def _changed(before: NDArray[np.generic], after: NDArray[np.generic]) -> NDArray[np.bool_]:
    """Where values differ; a voxel without a number that still has none did not change."""
    if "f" not in (before.dtype.kind, after.dtype.kind):
        return np.asarray(before != after, np.bool_)
    both = np.isnan(before.astype(np.float32)) & np.isnan(after.astype(np.float32))
    return np.asarray((before != after) & ~both, np.bool_)


def _farthest_mm(
    changed: NDArray[np.bool_], inside: NDArray[np.bool_], spacing_mm: tuple[float, float, float]
) -> float:
    """From the lesion to the farthest changed voxel, looked for in the box of both."""
    from scipy import ndimage

    outside = changed & ~inside
    if not outside.any():
        return 0.0
    [box] = ndimage.find_objects((changed | inside).astype(np.uint8))
    away = ndimage.distance_transform_edt(~inside[box], sampling=spacing_mm[::-1])
    return float(away[outside[box]].max())
