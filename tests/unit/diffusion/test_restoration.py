"""Taking noise away: with the best network for Gaussian data, what comes out is known exactly."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from ctstudio.core.errors import ParameterError
from ctstudio.diffusion.loop import Denoised
from ctstudio.diffusion.noise import generator_for
from ctstudio.diffusion.restoration import Mode, restored, restoring_timesteps
from gaussian_data import exact_x0

MEAN, COUNT = 0.3, 40_000


def _images(sd: float, sigma: float) -> tuple[Tensor, Tensor]:
    """The truth, and it under noise."""
    draws = generator_for(1, "images")
    truth = MEAN + sd * torch.randn(1, COUNT, generator=draws, dtype=torch.float64)
    return truth, truth + sigma * torch.randn(1, COUNT, generator=draws, dtype=torch.float64)


def _restored(y: Tensor, sd: float, sigma: float, steps: int, mode: Mode, **settings: float) -> list[Denoised]:
    estimate = exact_x0(MEAN, sd)
    return list(restored(estimate, y, sigma, steps, generator_for(0), mode, schedule="cosine", **settings))


def _line(y: Tensor, made: Tensor) -> tuple[float, float, float]:
    """What is made of y: slope and height at the mean of a straight line, and the SD about it."""
    away = y - MEAN
    slope = float((away * (made - made.mean())).sum() / (away**2).sum())
    rest = made - made.mean() - slope * away
    return slope, float(made.mean()), float(rest.std())


def _posterior(sd: float, sigma: float) -> tuple[float, float]:
    """Slope of the posterior mean, and the posterior SD."""
    return sd**2 / (sd**2 + sigma**2), sd * sigma / math.hypot(sd, sigma)


@pytest.mark.parametrize("sigma", [0.08, 0.15, 0.3])
@pytest.mark.parametrize("sd", [0.1, 0.2, 0.5])
def test_diffpir_draws_from_the_posterior(sd: float, sigma: float) -> None:
    """DiffPIR is an approximation: the slope is right to 0.04, the SD to 15 %."""
    _, y = _images(sd, sigma)
    slope, height, spread = _line(y, _restored(y, sd, sigma, 20, "diffpir")[-1].x_t)
    expected, expected_spread = _posterior(sd, sigma)
    assert slope == pytest.approx(expected, abs=0.04)
    assert height == pytest.approx(MEAN, abs=0.01)
    assert spread == pytest.approx(expected_spread, rel=0.15)


def test_more_steps_do_not_make_the_image_count_less() -> None:
    _, y = _images(0.2, 0.15)
    found = [_line(y, _restored(y, 0.2, 0.15, steps, "diffpir")[-1].x_t) for steps in (10, 50, 88)]
    for slope, _, spread in found:
        assert slope == pytest.approx(0.64, abs=0.04)
        assert spread == pytest.approx(0.12, rel=0.15)


@pytest.mark.parametrize("sigma", [0.08, 0.15, 0.3])
def test_a_single_direct_step_is_the_posterior_mean(sigma: float) -> None:
    truth, y = _images(0.2, sigma)
    (only,) = _restored(y, 0.2, sigma, 1, "direct")
    slope, height, spread = _line(y, only.x_t)
    expected, least_error = _posterior(0.2, sigma)
    assert slope == pytest.approx(expected, rel=0.03)
    assert height == pytest.approx(MEAN, abs=0.01)
    assert spread < 1e-5
    assert float((only.x_t - truth).std()) == pytest.approx(least_error, rel=0.02)


@pytest.mark.parametrize("sd", [0.1, 0.2, 0.5])
def test_many_direct_steps_give_back_the_spread_of_the_data(sd: float) -> None:
    _, y = _images(sd, 0.15)
    made = _restored(y, sd, 0.15, 50, "direct")[-1].x_t
    assert made.mean().item() == pytest.approx(MEAN, abs=0.01)
    assert made.std().item() == pytest.approx(sd, rel=0.05)
    assert _line(y, made)[2] < 1e-5, "nothing is drawn"


def test_strong_guidance_without_drawing_is_the_direct_way() -> None:
    _, y = _images(0.2, 0.15)
    direct = _restored(y, 0.2, 0.15, 10, "direct")[-1].x_t
    diffpir = _restored(y, 0.2, 0.15, 10, "diffpir", guidance=1e9, zeta=0.0)[-1].x_t
    torch.testing.assert_close(diffpir, direct, rtol=0, atol=1e-6)


def test_weak_guidance_keeps_the_image() -> None:
    _, y = _images(0.2, 0.15)
    torch.testing.assert_close(_restored(y, 0.2, 0.15, 5, "diffpir", guidance=0.0)[-1].x_t, y)


@pytest.mark.parametrize(("sigma", "first"), [(0.15, 87), (0.091, 50)])
def test_the_first_timestep_holds_the_noise_of_the_image(sigma: float, first: int) -> None:
    timesteps = restoring_timesteps(sigma, 10, "cosine")
    assert abs(timesteps[0] - first) <= 1
    assert timesteps[-1] == 0
    assert len(timesteps) == 10
    assert list(timesteps) == sorted(set(timesteps), reverse=True)


def test_there_are_no_more_steps_than_timesteps_and_none_beyond_the_schedule() -> None:
    assert restoring_timesteps(0.02, 50, "cosine") == tuple(range(restoring_timesteps(0.02, 1, "cosine")[0], -1, -1))
    assert restoring_timesteps(1e6, 3, "cosine")[0] == 995
    assert restoring_timesteps(1e6, 3, "linear")[0] == 999


def test_steps_are_told_one_by_one_and_the_last_is_the_result() -> None:
    _, y = _images(0.2, 0.15)
    for mode in ("diffpir", "direct"):
        steps = _restored(y, 0.2, 0.15, 4, mode)
        assert [(s.step, s.total) for s in steps] == [(k, 4) for k in range(1, 5)]
        assert torch.equal(steps[-1].x_t, steps[-1].x_0)


@pytest.mark.parametrize(("sigma", "steps"), [(0.0, 5), (-0.1, 5), (float("nan"), 5), (0.1, 0)])
def test_noise_and_steps_that_make_no_sense_are_refused(sigma: float, steps: int) -> None:
    with pytest.raises(ParameterError, match="cannot be taken away"):
        restoring_timesteps(sigma, steps, "cosine")
