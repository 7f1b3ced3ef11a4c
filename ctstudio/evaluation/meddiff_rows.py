"""One line of the MedDiff-FM tables: a figure with how sure one may be of it, and what stands beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ctstudio.measure.mean_interval import mean_interval
from ctstudio.measure.proportions import proportion_of

NAN = float("nan")


@dataclass(frozen=True)
class Row:
    """A figure.

    Attributes:
        part: Of the evaluation, such as "synthesis".
        region: Of the body, or the kind of lesion.
        title: What was measured.
        value: NaN when it could not be measured; `note` says why.
        low, high: Ends of the 95 % confidence interval; NaN where there is none.
        sd: Standard deviation over patients; NaN where there is none.
        count: Patients it stands on.
        unit: Of value, interval, sd and beside.
        better: "higher" or "lower".
        beside: The same figure of something to compare with; NaN where there is none.
        beside_is: What that is.
        paper: What the paper prints, as text.
        measured_by: The network or rule that measured it.
        published: Whether it may be compared with published figures.
        note: What a reader should know.
        model: Whose volumes were measured.
    """

    part: str
    region: str
    title: str
    value: float
    low: float = NAN
    high: float = NAN
    sd: float = NAN
    count: int = 0
    unit: str = ""
    better: str = "higher"
    beside: float = NAN
    beside_is: str = ""
    paper: str = ""
    measured_by: str = ""
    published: bool = True
    note: str = ""
    model: str = ""


def mean_row(
    part: str, region: str, title: str, values: Sequence[float], beside: Sequence[float] = (), **words: Any
) -> Row:
    """The mean of a figure over patients, with its interval; `beside` is averaged as well."""
    found, other = mean_interval(values), mean_interval(beside)
    left_out = len(values) - found.count
    if left_out and not words.get("note"):
        words["note"] = f"{left_out} of {len(values)} could not be measured"
    spread: dict[str, Any] = {"low": found.low, "high": found.high, "sd": found.sd, "count": found.count}
    return Row(part, region, title, found.value, **spread, beside=other.value, **words)


def share_row(
    part: str, region: str, title: str, answers: Sequence[bool], beside: Sequence[bool] = (), **words: Any
) -> Row:
    """How often the answer was yes, %, with Wilson's interval."""
    found, other = proportion_of(answers), proportion_of(beside)
    return Row(
        part, region, title, 100 * found.value, 100 * found.low, 100 * found.high, count=found.count, unit="%",
        beside=100 * other.value, **words,
    )  # fmt: skip
