"""A mean's interval covers the truth as often as it says, and says when it can say nothing."""

from __future__ import annotations

import math

import numpy as np
import pytest

from ctstudio.measure.mean_interval import mean_interval


def test_it_covers_the_truth_about_as_often_as_it_says() -> None:
    random = np.random.default_rng(0)
    found = [mean_interval(random.beta(8, 2, 40), seed=n) for n in range(200)]
    covered = np.mean([each.low <= 0.8 <= each.high for each in found])
    assert 0.88 <= covered <= 0.99
    assert all(each.high <= 1.0 for each in found)


def test_what_is_no_number_is_left_out() -> None:
    found = mean_interval([1.0, float("nan"), 3.0, float("inf")])
    assert (found.value, found.sd, found.count) == (2.0, 1.0, 2)
    assert found == mean_interval([1.0, 3.0])


@pytest.mark.parametrize(("values", "count"), [([], 0), ([0.5], 1), ([float("nan")], 0)])
def test_too_few_cases_have_no_interval(values: list[float], count: int) -> None:
    found = mean_interval(values)
    assert found.count == count
    assert math.isnan(found.low)
