"""What a scan lacks at a dose, and the tube current over slices, by hand."""

import math

import numpy as np
import pytest

from ctstudio.core.errors import ParameterError
from ctstudio.measure.missing_noise import missing_noise
from ctstudio.measure.scanner import Exposure, Scanner
from ctstudio.measure.tube_current import current_shares, slice_shares

DOSES = [0.05, 0.1, 0.25, 0.5, 0.75, 1.0]


@pytest.mark.parametrize("dose", DOSES)
def test_own_noise_and_what_is_missing_make_the_noise_of_the_dose(dose: float) -> None:
    photons, detector = missing_noise(dose, noise_free=False)
    assert 1 + photons**2 == pytest.approx(1 / dose)
    assert 1 + detector**2 == pytest.approx(1 / dose**2)
    assert missing_noise(dose, noise_free=True) == pytest.approx((1 / math.sqrt(dose), 1 / dose))


@pytest.mark.parametrize("dose", DOSES)
def test_monte_carlo_of_the_variance_at_every_dose(dose: float) -> None:
    """Two million lines with photon noise: inserted and clean within 0.5 % of the variance."""
    first, second = 10 * np.random.default_rng(3).standard_normal((2, 2_000_000))
    for held, noise_free in ((first, False), (0.0, True)):
        made = held + missing_noise(dose, noise_free)[0] * second
        assert made.var() == pytest.approx(100 / dose, rel=0.005)


@pytest.mark.parametrize("dose", [0.0, -1.0, 1.01, float("nan"), float("inf")])
def test_doses_that_are_none_are_refused(dose: float) -> None:
    with pytest.raises(ParameterError, match="not a fraction"):
        missing_noise(dose, noise_free=False)


def test_scanners_and_exposures_that_cannot_be_are_refused() -> None:
    for bad in ({"electronic_noise": -1.0}, {"electronic_noise": float("nan")}, {"cutoff": 0.0}):
        with pytest.raises(ParameterError, match="cannot be simulated"):
            Scanner(**bad)
    with pytest.raises(ParameterError, match="photons"):
        Exposure(0.0, noise_free=False)


def test_current_is_limited_and_keeps_its_mean() -> None:
    shares = current_shares(np.array([0.0, 1.0, 2.0, 40.0]))
    assert shares.mean() == pytest.approx(1.0)
    assert shares[2] / shares[1] == pytest.approx(math.exp(0.5))
    assert shares[3] / shares[1] == pytest.approx(4.0 / math.exp(-0.25))


def test_thick_slices_get_more_current() -> None:
    volume = np.full((3, 32, 32), -1000.0)
    for z, half in enumerate((4, 8, 12)):
        volume[z, 16 - half : 16 + half, 16 - half : 16 + half] = 0.0
    shares = slice_shares(volume, (6.0, 6.0, 5.0))
    assert shares.mean() == pytest.approx(1.0)
    assert list(shares) == sorted(shares)
    assert shares[2] / shares[0] > 2
