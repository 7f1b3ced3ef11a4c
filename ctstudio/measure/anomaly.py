"""Findings in a map of what differs from the expected: where they are, how large, and how much they differ."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ctstudio.core.errors import MaskError
from ctstudio.core.grid import Grid
from ctstudio.core.labels import LabelMap
from ctstudio.core.volume import Volume

Sign = Literal["both", "brighter", "darker"]
ROBUST_SDS = 3.0
"""Of the organ's own differences: one voxel in 370 of plain noise lies beyond. Source: ours."""
_MAD_TO_SD = 1.4826
"""Median distance from the median to standard deviation, for a normal distribution."""
_ANY_HU = 1e-3
MOST = 200
"""Findings that are kept, the largest first: more have no use in a list."""


@dataclass(frozen=True)
class Finding:
    """One connected region that differs.

    Attributes:
        number: From 1, the largest first.
        volume_ml: Its size, mL.
        mean_hu, peak_hu: Difference from the expected, HU, negative where it is darker; the peak is the voxel that
            differs most.
        centre_mm: World point (x, y, z) of its middle, LPS.
        diameter_mm: Longest extent of it, between voxel centres plus one voxel.
        box: First and last voxel along (z, y, x), both included.
    """

    number: int
    volume_ml: float
    mean_hu: float
    peak_hu: float
    centre_mm: tuple[float, float, float]
    diameter_mm: float
    box: tuple[tuple[int, int], tuple[int, int], tuple[int, int]]


@dataclass(frozen=True)
class Findings:
    """All that differs by more than a threshold.

    Attributes:
        table: The findings, the largest first, 200 at most.
        labels: (z, y, x) uint8: 1 where a finding is; more than 255 would not fit a number each.
    """

    table: tuple[Finding, ...]
    labels: NDArray[np.uint8]


def robust_threshold_hu(anomaly: NDArray[np.floating], organ: NDArray[np.bool_]) -> float:
    """Three robust standard deviations of the differences in an organ, HU, at least 1.

    Differences are of the model's drawing and of noise; a lesion is a small part of the organ, and the median does
    not feel it. Otsu's threshold is not taken: it halves an organ that has no lesion.

    Args:
        anomaly: (z, y, x) HU.
        organ: (z, y, x).

    Raises:
        MaskError: The organ is empty.

    Source: ours.
    """
    values = anomaly[organ].astype(np.float64)
    if not values.size:
        raise MaskError("The organ has no voxels to take a threshold from.", "Give an organ that the anatomy holds.")
    return max(1.0, ROBUST_SDS * _MAD_TO_SD * float(np.median(np.abs(values - np.median(values)))))


def score(anomaly: NDArray[np.floating], sign: Sign = "both") -> NDArray[np.float32]:
    """How anomalous each voxel is, HU: the difference without its sign, or that of one sign alone, from 0 on."""
    signed = anomaly.astype(np.float32)
    if sign == "both":
        return np.abs(signed)
    return np.maximum(signed if sign == "brighter" else -signed, np.float32(0))


def findings(
    anomaly: Volume,
    organ: NDArray[np.bool_],
    threshold_hu: float,
    sign: Sign = "both",
    smallest_ml: float = 0.0,
) -> Findings:
    """The connected regions of an organ whose difference reaches a threshold; brighter and darker ones apart.

    Args:
        anomaly: Difference from the expected, HU.
        organ: (z, y, x), where findings may be.
        threshold_hu: Difference from which on a voxel counts, > 0.
        sign: Which differences count.
        smallest_ml: Smaller regions are left out.

    Returns:
        The findings. Voxels count as connected by faces, edges and corners.
    """
    found, labels = [], np.zeros(anomaly.array.shape, np.uint8)
    for side in ("brighter", "darker") if sign == "both" else (sign,):
        found += _regions(anomaly, organ & (score(anomaly.array, side) >= threshold_hu), smallest_ml)
    found.sort(key=lambda region: -int(region[1].sum()))
    for box, inside in found:
        labels[box][inside] = 1
    table = tuple(_finding(number, anomaly, box, inside) for number, (box, inside) in enumerate(found[:MOST], start=1))
    return Findings(table, labels)


def listed_findings(anomaly: Volume, labels: LabelMap) -> tuple[Finding, ...]:
    """The findings that labels mark in a map, the same as when they were marked: for files and windows alike."""
    return findings(anomaly, labels.array > 0, _ANY_HU).table


def _regions(
    anomaly: Volume, where: NDArray[np.bool_], smallest_ml: float
) -> list[tuple[tuple[slice, ...], NDArray[np.bool_]]]:
    """Each connected region that is large enough: its box, and which voxels of the box it holds."""
    from scipy import ndimage

    numbers, _ = ndimage.label(where, np.ones((3, 3, 3)))
    least = smallest_ml * 1000.0 / anomaly.grid.voxel_volume_mm3
    boxes = enumerate(ndimage.find_objects(numbers), start=1)
    regions = [(box, numbers[box] == number) for number, box in boxes if box is not None]
    return [(box, inside) for box, inside in regions if inside.sum() >= least]


def _finding(number: int, anomaly: Volume, box: tuple[slice, ...], inside: NDArray[np.bool_]) -> Finding:
    values = anomaly.array[box][inside].astype(np.float64)
    index = np.argwhere(inside) + [part.start for part in box]
    x, y, z = anomaly.grid.to_world(index.mean(axis=0))
    ends = [(int(part.start), int(part.stop) - 1) for part in box]
    return Finding(
        number,
        round(len(values) * anomaly.grid.voxel_volume_mm3 / 1000.0, 3),
        round(float(values.mean()), 1),
        round(float(values[np.argmax(np.abs(values))]), 1),
        (round(float(x), 1), round(float(y), 1), round(float(z), 1)),
        round(_diameter_mm(index.astype(np.float64), anomaly.grid), 1),
        (ends[0], ends[1], ends[2]),
    )


def _diameter_mm(index: NDArray[np.float64], grid: Grid) -> float:
    """The longest distance between two voxels of a region, plus a voxel's mean edge."""
    from scipy.spatial import ConvexHull, QhullError
    from scipy.spatial.distance import pdist

    points = grid.to_world(index)
    try:
        points = points[ConvexHull(points).vertices] if len(points) > 4 else points
    except QhullError:  # all in one plane or line: the outermost along each axis stand for it
        ends = [points[:, axis].argsort()[[0, -1]] for axis in range(3)]
        points = points[np.unique(ends)]
    longest = float(pdist(points).max()) if len(points) > 1 else 0.0
    return longest + float(np.mean(grid.spacing_mm))
