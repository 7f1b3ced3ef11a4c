"""Noise of a slice and its simulated twin: SD, spectrum, and the SD foretold for every dose."""

import numpy as np
import pytest

from ctstudio.session.noise_reading import DOSES, read_noise

RNG = np.random.default_rng(6)
PLANE = np.where(np.hypot(*(np.indices((128, 128)) - 64)) < 55, 40.0, -1000.0)


def noise(sd: float) -> np.ndarray:
    return RNG.normal(0, sd, PLANE.shape)


def test_sd_follows_the_dose_and_the_curve_says_so_beforehand() -> None:
    reading = read_noise(PLANE + noise(10), (noise(10), None), 0.1, noise_free=False, pixel_mm=1.5)
    assert reading is not None
    assert reading.own_sd_hu == pytest.approx(10.0, rel=0.1)
    assert reading.simulated_sd_hu == pytest.approx(10 / np.sqrt(0.1), rel=0.12)
    at_tenth = float(np.interp(0.1, DOSES, reading.sd_of_dose_hu))
    assert at_tenth == pytest.approx(reading.simulated_sd_hu, rel=0.12)
    assert reading.sd_of_dose_hu[-1] == pytest.approx(reading.own_sd_hu)
    assert (DOSES[0], DOSES[-1]) == (0.05, 1.0)


def test_spectra_show_variance_and_grain() -> None:
    grain = noise(10)
    coarse = (grain + np.roll(grain, 1, 0) + np.roll(grain, 1, 1) + np.roll(grain, (1, 1), (0, 1))) / 2
    reading = read_noise(PLANE + noise(10), (coarse, None), 0.1, noise_free=False, pixel_mm=1.5)
    assert reading is not None
    assert reading.own is not None
    assert reading.simulated is not None
    assert reading.own.power[2:].mean() == pytest.approx(100 * 1.5**2, rel=0.25)
    assert reading.simulated.power[1:4].mean() > 2 * reading.simulated.power[-2:].mean()
    assert reading.own.frequency[-1] == pytest.approx(1 / 3, rel=0.1)


def test_the_crosshair_s_place_is_measured_when_asked_for() -> None:
    uneven = PLANE + np.where(np.arange(128) < 64, 1.0, 4.0) * noise(5)
    left, right = (read_noise(uneven, (noise(1), None), 1.0, False, 1.5, at=(64.0, x)) for x in (40.0, 90.0))
    assert left is not None
    assert right is not None
    assert right.own_sd_hu > 3 * left.own_sd_hu
    assert left.centre == pytest.approx((64.0, 40.0), abs=0.6)
    corner = read_noise(uneven, (noise(1), None), 1.0, False, 1.5, at=(0.0, 0.0))
    assert corner is not None
    assert corner.centre[0] > 5


def test_without_even_tissue_there_is_nothing_to_read() -> None:
    assert read_noise(np.full((64, 64), -1000.0), (np.zeros((64, 64)), None), 0.5, False, 1.5) is None
    assert read_noise(np.zeros((5, 5)), (np.zeros((5, 5)), None), 0.5, False, 1.5, at=(2.0, 2.0)) is None
