"""Dose from two scans: printed values, and Monte Carlo of every regime."""

import functools
import math

import pytest
import torch

from ctstudio.core.errors import GeometryError, ParameterError
from ctstudio.physics.two_scans import Regime, dose_coefficients, simulate_dose

SIGMA, COUNT = 10.0, 2_000_000
PAPER_DOSES = [0.05, 0.1, 0.25, 0.5, 0.75, 1.0]


@functools.cache
def scans(regime: Regime, d_ld: float) -> tuple[torch.Tensor, torch.Tensor]:
    random = torch.Generator().manual_seed(11)
    first, second = torch.randn(2, COUNT, generator=random) * SIGMA
    if regime == "inserted":
        return first, first + second * math.sqrt(1 / d_ld - 1)
    if regime == "independent":
        return first, second / math.sqrt(d_ld)
    return torch.zeros(COUNT), second / math.sqrt(d_ld)


@pytest.mark.parametrize(
    ("d", "a", "b"),
    [(0.05, 2.5166, 2.5820), (0.1, 1.7321, 1.8257), (0.25, 1, 1.1547), (0.5, 0.5774, 0.8165), (1, 0, 0.5774)],
)
def test_quarter_dose_coefficients_by_hand(d: float, a: float, b: float) -> None:
    assert dose_coefficients(d) == pytest.approx((a, b), abs=1e-4)


@pytest.mark.parametrize("d", PAPER_DOSES)
@pytest.mark.parametrize("d_ld", [0.1, 0.25])
@pytest.mark.parametrize("regime", ["inserted", "independent", "clean"])
def test_noise_has_the_variance_of_its_dose(regime: Regime, d: float, d_ld: float) -> None:
    """Two million samples: the variance is known within 0.1 %."""
    made = simulate_dose(*scans(regime, d_ld), d, d_ld, regime)
    assert float(made.image_hu.var()) == pytest.approx(SIGMA**2 / d, rel=0.005)
    assert float(made.noise_hu.var()) == pytest.approx(SIGMA**2 / d, rel=0.005)


def test_the_wrong_regime_is_seen() -> None:
    """Noise-free images with the factors of inserted noise: the slip that the module tells of."""
    made = [simulate_dose(*scans("clean", 0.25), d, 0.25, "inserted").image_hu.std() for d in (0.05, 0.5, 0.75)]
    assert [float(sd) for sd in made] == pytest.approx([50.3, 11.5, 6.7], abs=0.1)


def test_the_dose_of_the_low_scan_gives_the_low_scan_back() -> None:
    full, low = scans("inserted", 0.25)
    assert torch.allclose(simulate_dose(full, low, 0.25).image_hu, low, atol=1e-4)


@pytest.mark.parametrize(("d", "d_ld"), [(0.0, 0.25), (1.01, 0.25), (float("nan"), 0.25), (0.5, 0.0), (0.5, 1.0)])
def test_doses_outside_their_range_are_refused(d: float, d_ld: float) -> None:
    with pytest.raises(ParameterError, match="dose"):
        dose_coefficients(d, d_ld)


def test_unknown_regime_and_unlike_shapes_are_refused() -> None:
    with pytest.raises(ParameterError, match="guessed"):
        dose_coefficients(0.5, regime="guessed")  # type: ignore[arg-type]
    with pytest.raises(GeometryError, match="shapes"):
        simulate_dose(torch.zeros(3), torch.zeros(4), 0.5)
