"""A mean over cases, with how sure one may be of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

RESAMPLES = 2000


@dataclass(frozen=True)
class Mean:
    """A mean over cases.

    Attributes:
        value: The mean; NaN without a case.
        sd: Standard deviation over the cases.
        low, high: Ends of the 95 % confidence interval of the mean; NaN with fewer than two cases.
        count: Cases that could be measured.
    """

    value: float
    sd: float
    low: float
    high: float
    count: int


def mean_interval(values: Sequence[float] | NDArray[np.floating], seed: int = 0) -> Mean:
    """Mean of the finite values, with the 95 % interval by drawing cases anew.

    Source: Efron's percentile interval; no shape is assumed, and what is bounded by 1 stays below it.
    """
    found = np.asarray(values, float)
    found = found[np.isfinite(found)]
    nothing = float("nan")
    if not len(found):
        return Mean(nothing, nothing, nothing, nothing, 0)
    if len(found) == 1:
        return Mean(float(found[0]), 0.0, nothing, nothing, 1)
    means = found[resampled_rows(len(found), RESAMPLES, seed)].mean(axis=1)
    low, high = np.percentile(means, (2.5, 97.5))
    return Mean(float(found.mean()), float(found.std()), float(low), float(high), len(found))


def resampled_rows(count: int, resamples: int, seed: int) -> NDArray[np.int64]:
    """(resamples, count) numbers of cases, drawn with replacement; the same for the same seed."""
    return np.random.default_rng(seed).integers(0, count, (resamples, count))
