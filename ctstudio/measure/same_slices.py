"""Whether two scans show the same slices of the same patient."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ctstudio.core.errors import IntensityError
from ctstudio.measure.slices_through import slices_through

DETAIL_MM = (3.0, 20.0)
"""Anatomy between these sizes is compared: noise is finer, and that there is a body at all is coarser."""

HU_RANGE = (-200.0, 300.0)
LEAST_LIKENESS = 0.85
"""Below two doses of one patient (0.95 and more, down to 5 %), above two patients in one pose (0.8 and less)."""

MOST_SLICES = 12


def likeness(first_hu: NDArray[Any], second_hu: NDArray[Any], spacing_mm: tuple[float, float, float]) -> float:
    """Correlation of the anatomy in two scans on one grid.

    Args:
        first_hu: (z, y, x), HU, finite.
        second_hu: Same shape.
        spacing_mm: (x, y, z).

    Returns:
        -1 to 1; 1 when there is no anatomy in either.

    Source: ours.
    """
    chosen = slices_through(len(first_hu), MOST_SLICES)
    a, b = (_detail(one[chosen], spacing_mm[:2]) for one in (first_hu, second_hu))
    power = float(np.sqrt((a**2).sum() * (b**2).sum()))
    return float((a * b).sum() / power) if power > 0 else 1.0


def check_same_slices(first_hu: NDArray[Any], second_hu: NDArray[Any], spacing_mm: tuple[float, float, float]) -> float:
    """The likeness of two scans on one grid; IntensityError when they do not show the same anatomy."""
    found = likeness(first_hu, second_hu, spacing_mm)
    if found < LEAST_LIKENESS:
        raise IntensityError(
            f"The two scans do not show the same slices: their anatomy correlates by {found:.2f}, that of one patient "
            f"at two doses by more than {LEAST_LIKENESS}.",
            "Give two scans of the same patient that differ in dose alone, in the same position.",
        )
    return found


def _detail(slices: NDArray[Any], spacing_xy_mm: tuple[float, float]) -> NDArray[np.float32]:
    from scipy import ndimage

    def smooth(size_mm: float) -> NDArray[np.float32]:
        sigma = (0.0, size_mm / spacing_xy_mm[1], size_mm / spacing_xy_mm[0])
        return np.asarray(ndimage.gaussian_filter(seen, sigma), np.float32)

    seen = np.clip(slices.astype(np.float32), *HU_RANGE)
    return smooth(DETAIL_MM[0]) - smooth(DETAIL_MM[1])
