"""Counts as proportions, with how sure one may be of them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from ctstudio.core.errors import ParameterError

Z_95 = 1.959963984540054
"""Normal quantile of a two-sided interval of 95 %."""


@dataclass(frozen=True)
class Proportion:
    """How often something was so.

    Attributes:
        hits, count: So often, out of so many.
        value: Their ratio; NaN without a count.
        low, high: Ends of the 95 % confidence interval; 0 and 1 without a count.
    """

    hits: int
    count: int
    value: float
    low: float
    high: float


def proportion(hits: int, count: int) -> Proportion:
    """Hits out of a count, with Wilson's score interval at 95 %.

    Raises:
        ParameterError: Fewer than 0 or more than all were hits.

    Source: Wilson 1927, without continuity correction.
    """
    if not 0 <= hits <= count:
        raise ParameterError(f"{hits} of {count} is no proportion.", "Give 0 to all of them.")
    if count == 0:
        return Proportion(0, 0, float("nan"), 0.0, 1.0)
    share, square = hits / count, Z_95**2
    middle = (share + square / (2 * count)) / (1 + square / count)
    half = Z_95 * math.sqrt(share * (1 - share) / count + square / (4 * count**2)) / (1 + square / count)
    return Proportion(hits, count, share, max(0.0, middle - half), min(1.0, middle + half))


def proportion_of(answers: Sequence[bool]) -> Proportion:
    """How many of some answers were yes."""
    return proportion(sum(map(bool, answers)), len(answers))
