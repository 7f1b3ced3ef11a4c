"""Areas, thresholds and rates from counted scores: against SciPy's rank test, known cases, volumes that add up."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import mannwhitneyu

from ctstudio.core.errors import GeometryError, MaskError, ParameterError
from ctstudio.measure.roc import (
    ScoreCounts,
    area_interval,
    area_under_curve,
    curve,
    rates_at,
    score_counts,
    together,
    youden_threshold,
)


def counted(seed: int, gap: float, size: int = 20_000) -> tuple[np.ndarray, np.ndarray, ScoreCounts]:
    random = np.random.default_rng(seed)
    truth = random.random(size) < 0.05
    scores = random.normal(40.0, 10.0, size) + gap * truth
    return scores, truth, score_counts(scores, truth, np.ones(size, bool), 0.0, 120.0)


def test_the_area_is_that_of_the_rank_test() -> None:
    scores, truth, counts = counted(1, 15.0)
    positives, negatives = scores[truth], scores[~truth]
    expected = mannwhitneyu(positives, negatives).statistic / (len(positives) * len(negatives))
    assert area_under_curve(counts) == pytest.approx(expected, abs=2e-4)
    false, true = curve(counts)
    assert float(np.trapezoid(true, false)) == pytest.approx(area_under_curve(counts), abs=1e-9)


def test_perfect_absurd_and_random_scores() -> None:
    truth = np.array([False] * 8 + [True] * 2)
    for scores, area in ((truth * 50.0, 1.0), (50.0 - truth * 50.0, 0.0), (np.full(10, 3.0), 0.5)):
        assert area_under_curve(score_counts(scores, truth, np.ones(10, bool), 0.0, 60.0)) == area
    perfect = score_counts(truth * 50.0, truth, np.ones(10, bool), 0.0, 60.0)
    found = rates_at(perfect, youden_threshold(perfect))
    assert 0 < found.threshold <= 50
    assert (found.sensitivity, found.specificity, found.accuracy) == (1.0, 1.0, 1.0)


def test_rates_by_hand_and_only_inside_the_mask() -> None:
    scores, truth = np.array([1.0, 5, 9, 9, 9, 2]), np.array([False, False, False, True, True, True])
    where = np.array([True, True, True, True, False, True])
    found = rates_at(score_counts(scores, truth, where, 0.0, 10.0), 6.0)
    assert (found.sensitivity, found.accuracy) == (0.5, 0.6)
    assert found.specificity == pytest.approx(2 / 3)


def test_the_best_threshold_lies_where_two_equal_normals_cross() -> None:
    random = np.random.default_rng(5)
    truth = np.arange(200_000) % 2 == 0
    scores = random.normal(40.0, 8.0, truth.size) + 20.0 * truth
    counts = score_counts(scores, truth, np.ones(truth.size, bool), 0.0, 120.0)
    assert youden_threshold(counts) == pytest.approx(50.0, abs=1.5)


def test_volumes_add_up_and_scatter_between_them_widens_the_interval() -> None:
    parts = [counted(seed, gap, 4000)[2] for seed, gap in enumerate((2.0, 30.0, 5.0, 25.0, 12.0))]
    alike = [counted(seed, 15.0, 4000)[2] for seed in range(5)]
    assert together(parts).positives.sum() == sum(p.positives.sum() for p in parts)
    wide, narrow = area_interval(parts), area_interval(alike)
    assert wide[0] < area_under_curve(together(parts)) < wide[1]
    assert wide[1] - wide[0] > 3 * (narrow[1] - narrow[0])


def test_what_cannot_be_judged_is_refused() -> None:
    scores, none = np.ones(4), np.zeros(4, bool)
    with pytest.raises(MaskError):
        area_under_curve(score_counts(scores, none, ~none, 0.0, 2.0))
    with pytest.raises(GeometryError):
        score_counts(scores, none[:2], ~none, 0.0, 2.0)
    with pytest.raises(ParameterError):
        score_counts(scores, none, ~none, 2.0, 2.0)
