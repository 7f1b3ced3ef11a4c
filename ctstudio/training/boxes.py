"""Boxes of voxels cut out of volumes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

Scalar = TypeVar("Scalar", bound=np.generic)


def part_of(array: NDArray[Scalar], corner: Sequence[int], size: Sequence[int], outside: float) -> NDArray[Scalar]:
    """A box of an array (D, H, W), which may reach beyond it; `outside` where nothing is."""
    result = np.full(tuple(size), outside, array.dtype)
    spans = [(max(c, 0), min(c + s, n)) for c, s, n in zip(corner, size, array.shape, strict=True)]
    to = tuple(slice(low - c, high - c) for (low, high), c in zip(spans, corner, strict=True))
    result[to] = array[tuple(slice(low, high) for low, high in spans)]
    return result
