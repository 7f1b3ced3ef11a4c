"""What an image probably is, when its file does not say."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

_MANY_LABELS = 32
_SAMPLE = 400_000


def looks_like_hu(array: NDArray[Any]) -> bool:
    """Whether values look like Hounsfield units: air or lung well below zero, tissue near zero, metal at most.

    Ours: at least 0.5 % of voxels below -300, at least 1 % within +-300, nothing beyond -9000 and 32767.

    Args:
        array: (z, y, x), any real dtype.
    """
    sample = _thinned(array)
    if sample.size == 0 or sample.min() < -9000 or sample.max() > 32767:
        return False
    return bool((sample < -300).mean() >= 0.005 and (np.abs(sample) <= 300).mean() >= 0.01)


def scan_reason(array: NDArray[Any]) -> str:
    """Why values cannot be labels; "" when they can.

    Args:
        array: (z, y, x), any real dtype.
    """
    if array.dtype.kind == "f" and not bool(np.isfinite(array).all()):
        return "it holds NaN or infinite values"
    low, high = float(array.min()), float(array.max())
    if low < 0:
        return f"it holds negative values (lowest {low:g})"
    if array.dtype.kind == "f" and not all(bool(np.all(plane == np.rint(plane))) for plane in array):
        return "it holds values that are not whole numbers"
    if high > 255:
        return f"it holds values above 255 (highest {high:g})"
    distinct = np.count_nonzero(np.bincount(array.astype(np.uint8).ravel(), minlength=256))
    if distinct > _MANY_LABELS and _share_of_equal_neighbours(array) < 0.5:
        return f"it holds {distinct} values that change from voxel to voxel"
    return ""


def _share_of_equal_neighbours(array: NDArray[Any]) -> float:
    """Share of neighbours along x that are equal, where either is not zero."""
    left, right = array[..., :-1], array[..., 1:]
    inside = (left != 0) | (right != 0)
    count = int(np.count_nonzero(inside))
    return 1.0 if count == 0 else float(np.count_nonzero((left == right) & inside) / count)


def _thinned(array: NDArray[Any]) -> NDArray[np.float32]:
    """Finite values of every n-th voxel, at most about 400 000."""
    flat = array.reshape(-1)[:: max(1, array.size // _SAMPLE)].astype(np.float32)
    return flat[np.isfinite(flat)]
