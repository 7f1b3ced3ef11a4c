"""What a reader learns to find in a volume."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ctstudio.core.windows import Window


@dataclass(frozen=True)
class ReaderTarget:
    """One volume.

    Attributes:
        ct_hu: (z, y, x) int16.
        regions: (z, y, x) uint8, 0 none, else the number of a region.
        details: (z, y, x) uint8, 0 none, else the number of what lies in a region.
        window: Range of HU that the reader looks at.
    """

    ct_hu: NDArray[np.int16]
    regions: NDArray[np.uint8]
    details: NDArray[np.uint8]
    window: Window
