"""How well a score tells voxels of two kinds apart: ROC curve, area, threshold, from histograms that add up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ctstudio.core.errors import GeometryError, MaskError, ParameterError
from ctstudio.measure.mean_interval import resampled_rows

BINS = 4096
RESAMPLES = 1000


@dataclass(frozen=True)
class ScoreCounts:
    """Scores of one volume, or of several, counted.

    Attributes:
        edges: (BINS + 1,) ends of the bins, ascending; what lies outside counts in the first or last bin.
        negatives, positives: (BINS,) voxels in each bin.
    """

    edges: NDArray[np.float64]
    negatives: NDArray[np.int64]
    positives: NDArray[np.int64]


@dataclass(frozen=True)
class Rates:
    """What a threshold gives: scores from it on are called positive.

    Attributes:
        threshold: The score.
        sensitivity, specificity, accuracy: Fractions; NaN where there are no voxels of that kind.
    """

    threshold: float
    sensitivity: float
    specificity: float
    accuracy: float


def score_counts(
    scores: NDArray[np.floating], truth: NDArray[np.bool_], where: NDArray[np.bool_], low: float, high: float
) -> ScoreCounts:
    """Count the scores of a volume inside a mask.

    Args:
        scores: Any shape; more means rather positive.
        truth: Same shape, the voxels that are positive.
        where: Same shape, the voxels that count.
        low: Where the first bin begins.
        high: Where the last bin ends.

    Raises:
        GeometryError: The shapes differ.
        ParameterError: The range is empty.
    """
    if not scores.shape == truth.shape == where.shape:
        raise GeometryError("Scores, truth and mask differ in shape.", "Give all three on one grid.")
    if not high > low:
        raise ParameterError(f"Scores from {low} to {high} cannot be counted.", "Give the lowest first.")
    edges = np.linspace(low, high, BINS + 1)
    inside = np.clip(scores, low, high)
    counts = [np.histogram(inside[where & kind], edges)[0].astype(np.int64) for kind in (~truth, truth)]
    return ScoreCounts(edges, counts[0], counts[1])


def together(counts: Sequence[ScoreCounts]) -> ScoreCounts:
    """The counts of several volumes as one; all with the same bins, and at least one."""
    negatives, positives = (np.sum([getattr(c, kind) for c in counts], axis=0) for kind in ("negatives", "positives"))
    return ScoreCounts(counts[0].edges, negatives, positives)


def area_under_curve(counts: ScoreCounts) -> float:
    """Area under the ROC curve: how often a positive voxel scores above a negative one, ties half. Exact up to a bin.

    Raises:
        MaskError: There are no voxels of one kind.
    """
    return float(_areas(_both(counts).negatives[None], counts.positives[None])[0])


def area_interval(counts: Sequence[ScoreCounts], seed: int = 0) -> tuple[float, float]:
    """Ends of the 95 % interval of the area, by drawing whole volumes anew: voxels of one are not independent."""
    rows = resampled_rows(len(counts), RESAMPLES, seed)  # (R, N)
    weights = np.stack([np.bincount(row, minlength=len(counts)) for row in rows])  # (R, N)
    negatives, positives = (weights @ np.stack([getattr(c, k) for c in counts]) for k in ("negatives", "positives"))
    usable = (negatives.sum(axis=1) > 0) & (positives.sum(axis=1) > 0)
    areas = _areas(negatives[usable], positives[usable])
    low, high = np.percentile(areas, (2.5, 97.5)) if len(areas) else (0.0, 1.0)
    return float(low), float(high)


def curve(counts: ScoreCounts) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """False positive and true positive fractions, each (BINS + 1,), from the highest threshold to the lowest.

    Raises:
        MaskError: There are no voxels of one kind.
    """
    found = [np.concatenate([[0], np.cumsum(each[::-1])]) for each in (_both(counts).negatives, counts.positives)]
    return found[0] / found[0][-1], found[1] / found[1][-1]


def youden_threshold(counts: ScoreCounts) -> float:
    """The threshold with the largest sum of sensitivity and specificity; of several the middle one.

    Raises:
        MaskError: There are no voxels of one kind.

    Source: Youden 1950.
    """
    false, true = curve(counts)
    best = np.flatnonzero(np.isclose(true - false, (true - false).max(), atol=1e-12))
    return float(counts.edges[::-1][best[len(best) // 2]])


def rates_at(counts: ScoreCounts, threshold: float) -> Rates:
    """What a threshold gives. It is moved to the nearest end of a bin."""
    first = int(np.argmin(np.abs(counts.edges - threshold)))
    negatives, positives = int(counts.negatives.sum()), int(counts.positives.sum())
    hits, alarms = int(counts.positives[first:].sum()), int(counts.negatives[first:].sum())
    return Rates(
        float(counts.edges[first]),
        _part(hits, positives),
        _part(negatives - alarms, negatives),
        _part(hits + negatives - alarms, negatives + positives),
    )


def _areas(negatives: NDArray[np.int64], positives: NDArray[np.int64]) -> NDArray[np.float64]:
    """Areas of (R, BINS) counts."""
    below = np.cumsum(negatives, axis=1) - negatives
    won = (positives * (below + 0.5 * negatives)).sum(axis=1)
    return np.asarray(won / (negatives.sum(axis=1, dtype=float) * positives.sum(axis=1, dtype=float)))


def _both(counts: ScoreCounts) -> ScoreCounts:
    if not counts.negatives.any() or not counts.positives.any():
        raise MaskError("A ROC curve needs voxels of both kinds.", "Give an organ that holds a part of the lesion.")
    return counts


def _part(some: int, of: int) -> float:
    return some / of if of else float("nan")
