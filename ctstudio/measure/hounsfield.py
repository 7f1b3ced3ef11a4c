"""Hounsfield units: their statistics in a region, and whether an image holds them at all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ctstudio.core.errors import MaskError
from ctstudio.core.volume import Volume

LOWEST_HU = -5000.0
HIGHEST_HU = 5000.0
STRAY_SHARE = 0.001
"""Share of voxels that may lie outside the range: metal, and padding outside the scanner's circle at its low end."""


@dataclass(frozen=True)
class HuStatistics:
    """Values of a region, all in HU except the count of its voxels."""

    voxels: int
    mean: float
    sd: float
    median: float
    low: float
    high: float
    percentile_5: float
    percentile_95: float


def hu_statistics(image: NDArray[Any], mask: NDArray[np.bool_]) -> HuStatistics:
    """Statistics of the voxels in a mask of the image's shape.

    Raises:
        MaskError: The mask is empty.
    """
    values = image[np.asarray(mask, bool)].astype(np.float64)
    if values.size == 0:
        raise MaskError("There are no voxels to measure.", "Mark a region first.")
    p5, median, p95 = np.percentile(values, (5, 50, 95))
    return HuStatistics(
        voxels=int(values.size),
        mean=float(values.mean()),
        sd=float(values.std(ddof=1)) if values.size > 1 else 0.0,
        median=float(median),
        low=float(values.min()),
        high=float(values.max()),
        percentile_5=float(p5),
        percentile_95=float(p95),
    )


def looks_like_hu(volume: Volume) -> tuple[bool, str]:
    """Whether an image can hold Hounsfield units, and if not why, in one sentence ("" when it can)."""
    if not volume.is_hu or volume.modality != "CT":
        return False, f"The image says of itself that it holds {volume.modality} in {volume.unit}, not CT in HU."
    if not volume.finite():
        return False, "The image holds voxels that are not numbers."
    low, high = float(volume.array.min()), float(volume.array.max())
    shown = f"its values run from {low:g} to {high:g}"
    if low == high:
        return False, f"The image is blank: every voxel is {low:g}."
    if low >= -1.0 and high <= 1.0:
        return False, f"The image looks scaled to a unit range: {shown}."
    if low >= 0 and high < 300:
        return False, f"The image looks like grey levels, not HU: {shown}."
    if low >= 0:
        return False, f"The image has no air and looks like stored values without rescaling: {shown}."
    if float((volume.array > HIGHEST_HU).mean()) > STRAY_SHARE:
        return False, f"Too much of the image lies above any tissue or implant: {shown}."
    if low < LOWEST_HU and float(_other_than_padding(volume.array, low).mean()) > STRAY_SHARE:
        return False, f"Too much of the image lies below air: {shown}."
    return True, ""


def _other_than_padding(array: NDArray[Any], low: float) -> NDArray[np.bool_]:
    """Where voxels lie below any HU without being the one value that fills the corners."""
    return np.asarray((array < LOWEST_HU) & (array != low))
