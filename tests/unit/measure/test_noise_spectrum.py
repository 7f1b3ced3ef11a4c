"""The noise power spectrum: white noise by hand, its integral, grain, refusal."""

import numpy as np
import pytest

from ctstudio.core.errors import GeometryError
from ctstudio.measure.noise_spectrum import (
    mean_frequency,
    noise_power_spectrum,
    noise_power_spectrum_2d,
    without_plane,
)


def test_white_noise_is_flat_at_variance_times_pixel_area() -> None:
    rois = 10 * np.random.default_rng(0).standard_normal((200, 32, 32))
    frequency, spectrum = noise_power_spectrum(rois, 1.5)
    assert frequency[-1] == pytest.approx(1 / 3)
    assert spectrum[1:] == pytest.approx(np.full(16, 100 * 1.5**2), rel=0.1)


def test_a_wave_stands_at_its_frequency() -> None:
    wave = np.cos(2 * np.pi * np.arange(64) / 8)
    frequency, spectrum = noise_power_spectrum(np.broadcast_to(wave, (1, 64, 64)), 0.5)
    assert frequency[int(np.argmax(spectrum))] == pytest.approx(1 / (8 * 0.5))


@pytest.mark.parametrize("pixel_mm", [0.5, 1.0, 2.0])
def test_the_integral_of_the_whole_spectrum_is_the_variance(pixel_mm: float) -> None:
    """Parseval, whatever the pixel and however the noise is correlated."""
    rng = np.random.default_rng(2)
    white = rng.normal(0, 20, (50, 24, 24))
    rois = white + np.roll(white, 1, axis=2) + 5.0
    spectrum = noise_power_spectrum_2d(rois, pixel_mm)
    assert spectrum.pixel_mm == pytest.approx(pixel_mm)
    assert spectrum.variance == pytest.approx(float(rois.var(axis=(1, 2)).mean()), rel=1e-9)
    step = spectrum.frequency_per_mm[1]
    assert spectrum.power.sum() * step**2 == pytest.approx(spectrum.variance)


def test_radial_and_whole_spectrum_agree_on_a_ring() -> None:
    rois = np.random.default_rng(4).normal(0, 10, (20, 16, 16))
    frequency, radial = noise_power_spectrum(rois, 1.0)
    whole = noise_power_spectrum_2d(rois, 1.0)
    assert radial[0] == pytest.approx(whole.power[0, 0])
    assert frequency[1] == pytest.approx(whole.frequency_per_mm[1])
    corners = [whole.power[y, x] for y in (-1, 0, 1) for x in (-1, 0, 1) if (y, x) != (0, 0)]
    assert radial[1] == pytest.approx(np.mean(corners))


def test_coarser_grain_has_a_lower_mean_frequency_and_slopes_do_not_count() -> None:
    white = np.random.default_rng(5).normal(0, 10, (40, 32, 32))
    coarse = white + np.roll(white, 1, axis=2) + np.roll(white, 1, axis=1) + np.roll(white, (1, 1), axis=(1, 2))
    assert mean_frequency(white) == pytest.approx(1 / 3, rel=0.03)
    assert mean_frequency(coarse) < 0.8 * mean_frequency(white)
    assert mean_frequency(white, 2.0) == pytest.approx(mean_frequency(white) / 2)
    slope = 4.0 * np.arange(32)
    assert mean_frequency(white + slope) == pytest.approx(mean_frequency(white), rel=1e-6)
    assert np.abs(without_plane(np.broadcast_to(slope, (1, 32, 32)))).max() < 1e-9


def test_regions_that_are_not_square_are_refused() -> None:
    with pytest.raises(GeometryError, match="square"):
        noise_power_spectrum(np.zeros((2, 16, 17)), 1.0)
