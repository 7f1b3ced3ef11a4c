"""The noise power spectrum: white noise by hand, its integral, grain, refusal."""

import numpy as np
import pytest

from ctstudio.core.errors import GeometryError
from ctstudio.measure.noise_spectrum import noise_power_spectrum


def test_white_noise_is_flat_at_variance_times_pixel_area() -> None:
    rois = 10 * np.random.default_rng(0).standard_normal((200, 32, 32))
    frequency, spectrum = noise_power_spectrum(rois, 1.5)
    assert frequency[-1] == pytest.approx(1 / 3)
    assert spectrum[1:] == pytest.approx(np.full(16, 100 * 1.5**2), rel=0.1)


def test_a_wave_stands_at_its_frequency() -> None:
    wave = np.cos(2 * np.pi * np.arange(64) / 8)
    frequency, spectrum = noise_power_spectrum(np.broadcast_to(wave, (1, 64, 64)), 0.5)
    assert frequency[int(np.argmax(spectrum))] == pytest.approx(1 / (8 * 0.5))


def test_regions_that_are_not_square_are_refused() -> None:
    with pytest.raises(GeometryError, match="square"):
        noise_power_spectrum(np.zeros((2, 16, 17)), 1.0)
