"""What the words did: two samples of one seed and two reports, their difference, and how their measures changed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ctstudio.core.errors import GeometryError
from ctstudio.core.volume import Volume
from ctstudio.protocol.result import Sample
from ctstudio.session.measured import Measured, measures_of, scaled

_LEAST_HU, _MOST_HU, _ROUND_HU = 100.0, 1000.0, 50.0
_SHARE = 99.5
"""Percentile of the changed voxels that the colours reach to."""
_SEEN_HU = 1.0


@dataclass(frozen=True)
class Change:
    """One measure of both samples.

    Attributes:
        title: What people read.
        a, b: Value and unit of each, in words; "–" where it was not measured.
        change: b - a with its sign and unit; "" where one is missing.
        share: How much it changed, as a part of the larger of both, 0 to 1.
    """

    title: str
    a: str
    b: str
    change: str
    share: float


@dataclass(frozen=True, eq=False)
class WordsCompared:
    """Two samples that differ in their words alone.

    Attributes:
        a, b: The samples.
        difference: b - a, HU, float32, on their grid.
        span_hu: The difference that gets the full colour, HU.
        changes: Of every measure, those that changed most first.
    """

    a: Sample
    b: Sample
    difference: Volume
    span_hu: float
    changes: tuple[Change, ...]


def compare_words(a: Sample, b: Sample) -> WordsCompared:
    """Compare two samples; takes a moment for large ones, and may run in any thread.

    Raises:
        GeometryError: One of them has no CT, or they lie on different grids.
    """
    first, second = a.outputs.get("ct"), b.outputs.get("ct")
    if not isinstance(first, Volume) or not isinstance(second, Volume) or not first.grid.matches(second.grid):
        raise GeometryError(
            "The two samples cannot be laid over each other: they have not the same voxels.",
            "Generate both with the same model and settings.",
        )
    array = np.subtract(second.array, first.array, dtype=np.float32)
    difference = Volume(array, first.grid, synthetic=True, name="difference")
    return WordsCompared(a, b, difference, span_of(array), changes_of(measures_of(a), measures_of(b)))


def span_of(difference_hu: np.ndarray) -> float:
    """The difference that gets the full colour: a round number that nearly all changed voxels stay below, HU."""
    size = np.abs(difference_hu[::2, ::2, ::2])
    changed = size[size > _SEEN_HU]
    reached = float(np.percentile(changed, _SHARE)) if changed.size else 0.0
    return float(np.clip(np.ceil(reached / _ROUND_HU) * _ROUND_HU, _LEAST_HU, _MOST_HU))


def changes_of(a: tuple[Measured, ...], b: tuple[Measured, ...]) -> tuple[Change, ...]:
    """Every measure of either sample, those that changed most first."""
    before, after = ({one.name: one for one in each} for each in (a, b))
    changes = [_change(before.get(name), after.get(name)) for name in before | after]
    return tuple(sorted(changes, key=lambda change: -change.share))


def _change(a: Measured | None, b: Measured | None) -> Change:
    if a is None or b is None:
        one = a or b
        title = "" if one is None else one.title
        return Change(title, "–" if a is None else a.words, "–" if b is None else b.words, "", 1.0)
    first, second, apart, unit = scaled((a.value, b.value, b.value - a.value), a.unit)
    most = max(abs(a.value), abs(b.value))
    sign = "" if apart.startswith("-") else "+"
    change = f"{sign}{apart.replace('-', '−')} {unit}".rstrip()
    was, now = (f"{number.replace('-', '−')} {unit}".rstrip() for number in (first, second))
    return Change(a.title, was, now, change, abs(b.value - a.value) / most if most else 0.0)
