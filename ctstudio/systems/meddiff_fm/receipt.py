"""What was done to a scan, in numbers that can be checked."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ctstudio.core.volume import Volume
from ctstudio.systems.meddiff_fm.pasting import Feather


def receipt(before: Volume, after: Volume, inside: NDArray[np.bool_], soft: Feather) -> dict[str, float]:
    """Compare a scan with what became of it.

    Args:
        before: As given, HU.
        after: The same with something drawn in it.
        inside: (z, y, x) the mask.
        soft: What may have changed.

    Returns:
        Voxels that changed, the share of voxels beyond the margin that did not (1.0, or something is wrong), and mean
        and SD of the HU in the mask before and after.
    """
    was, now = before.array[soft.box], after.array[soft.box]
    stays = soft.share == 0
    beyond = before.array.size - int((~stays).sum())
    same = beyond - int((was[stays] != now[stays]).sum()) - _changed_outside(before, after, soft)
    masked = inside[soft.box]
    return {
        "voxels_changed": float((was != now).sum()),
        "voxels_in_mask": float(masked.sum()),
        "outside_unchanged": same / beyond if beyond else 1.0,
        "mask_mean_before_hu": float(was[masked].mean()),
        "mask_mean_after_hu": float(now[masked].mean()),
        "mask_sd_before_hu": float(was[masked].std()),
        "mask_sd_after_hu": float(now[masked].std()),
    }


def _changed_outside(before: Volume, after: Volume, soft: Feather) -> int:
    """Voxels beyond the box that changed."""
    changed = sum(int((a != b).sum()) for a, b in zip(before.array, after.array, strict=True))
    return changed - int((before.array[soft.box] != after.array[soft.box]).sum())
