"""Wilson's interval: known values, edges, refusals."""

from __future__ import annotations

import math

import pytest

from ctstudio.core.errors import ParameterError
from ctstudio.measure.proportions import proportion, proportion_of


def test_known_intervals() -> None:
    found = proportion(15, 20)
    assert (found.value, found.low, found.high) == (
        0.75,
        pytest.approx(0.5313, abs=1e-4),
        pytest.approx(0.8881, abs=1e-4),
    )
    all_of_them = proportion(32, 32)
    assert (all_of_them.low, all_of_them.high) == (pytest.approx(0.8928, abs=1e-4), 1.0)
    assert proportion(0, 10).low == 0.0


def test_nothing_counted_says_nothing() -> None:
    found = proportion_of([])
    assert math.isnan(found.value)
    assert (found.low, found.high) == (0.0, 1.0)


def test_answers_are_counted() -> None:
    found = proportion_of([True, False, True])
    assert (found.hits, found.count) == (2, 3)


def test_more_hits_than_tries_are_refused() -> None:
    with pytest.raises(ParameterError):
        proportion(3, 2)
