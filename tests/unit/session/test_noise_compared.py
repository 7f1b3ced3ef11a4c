"""Noise before and after is measured in one and the same region."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from ctstudio.session.noise_compared import compare_noise


def test_sd_falls_and_the_mean_stays() -> None:
    rng = np.random.default_rng(3)
    before = rng.normal(50, 20, (96, 96))
    after = 50 + (before - 50) / 4
    told = compare_noise(before, after, 1.0, (48.0, 48.0))
    assert told is not None
    assert told.centre == (pytest.approx(48, abs=1), pytest.approx(48, abs=1))
    assert told.sd_hu[0] == pytest.approx(20, rel=0.1)
    assert told.sd_hu[1] == pytest.approx(told.sd_hu[0] / 4, rel=1e-3)
    assert told.mean_hu[0] == pytest.approx(told.mean_hu[1], abs=1)


def test_smoothing_shows_as_fine_grain_lost() -> None:
    before = np.random.default_rng(4).normal(50, 20, (96, 96))
    told = compare_noise(before, ndimage.gaussian_filter(before, 1.5), 1.0, (48.0, 48.0))
    first, second = told.spectra
    lost = second.power[1:] / first.power[1:]
    assert lost[-1] < 0.05 < lost[0]


def test_where_nothing_is_even_nothing_is_measured() -> None:
    assert compare_noise(np.full((64, 64), -1000.0), np.zeros((64, 64)), 1.0) is None
