"""The smallest of our voxel types that keeps every value."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

_LOW, _HIGH = -32768, 32767


def compacted(array: NDArray[Any]) -> NDArray[Any]:
    """The array as int16 when that loses nothing, else as float32 (NaN stays NaN).

    Args:
        array: (z, y, x), any real dtype.
    """
    if array.dtype == np.int16:
        return array
    kept = array.dtype.kind in "bui" and _in_range(array)
    if kept or (array.dtype.kind == "f" and all(_integral(plane) for plane in array)):
        return array.astype(np.int16)
    return array.astype(np.float32, copy=False)


def _in_range(array: NDArray[Any]) -> bool:
    return array.size == 0 or (int(array.min()) >= _LOW and int(array.max()) <= _HIGH)


def _integral(plane: NDArray[Any]) -> bool:
    with np.errstate(invalid="ignore"):
        return bool(np.all((plane == np.rint(plane)) & (plane >= _LOW) & (plane <= _HIGH)))
