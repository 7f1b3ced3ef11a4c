"""A few slices that stand for all of a scan."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def slices_through(count: int, most: int) -> NDArray[np.int64]:
    """Numbers of at most `most` of `count` slices, rising: the middles of as many equal parts."""
    return np.unique(((np.arange(most) + 0.5) / most * count).astype(np.int64))
