"""The noise schedule and its algebra."""

from __future__ import annotations

import math

import pytest
import torch

from ctstudio.core.errors import ParameterError
from ctstudio.diffusion.loop import estimate_x0
from ctstudio.diffusion.schedules import alphas_bar, build_sampler, noised, signal_and_sigma, velocity


def test_alphas_bar_begin_and_end_as_worked_out_by_hand() -> None:
    bars = alphas_bar()
    assert len(bars) == 1000
    assert bars[0].item() == pytest.approx(1 - 1e-4, abs=1e-12)
    assert bars[1].item() == pytest.approx((1 - 1e-4) * (1 - 1e-4 - 0.0199 / 999), abs=1e-12)
    betas = [1e-4 + 0.0199 * k / 999 for k in range(1000)]
    assert bars[-1].item() == pytest.approx(math.prod(1 - b for b in betas), rel=1e-9)
    assert bars[-1].item() == pytest.approx(4.0358e-5, rel=1e-3)


def test_diffusers_knows_the_same_schedule() -> None:
    for name in ("ddpm", "ddim", "dpm++", "unipc"):
        theirs = build_sampler(name, 10, "epsilon").alphas_cumprod
        torch.testing.assert_close(theirs.double(), alphas_bar(), rtol=1e-4, atol=1e-7)


@pytest.mark.parametrize("kind", ["epsilon", "v_prediction", "sample"])
def test_the_estimate_undoes_the_noise(kind: str) -> None:
    generator = torch.Generator().manual_seed(0)
    x_0, noise = (torch.randn(4, 2, 3, 3, generator=generator, dtype=torch.float64) for _ in range(2))
    timesteps = torch.tensor([0, 10, 500, 999])
    x_t = noised(x_0, noise, timesteps)
    told = {"epsilon": noise, "v_prediction": velocity(x_0, noise, timesteps), "sample": x_0}[kind]
    torch.testing.assert_close(estimate_x0(x_t, told, timesteps, kind), x_0, atol=1e-9, rtol=0)


def test_signal_and_noise_share_the_variance() -> None:
    signal, sigma = signal_and_sigma(torch.tensor([0, 999]), torch.zeros(2, 4, 8, 8))
    assert signal.shape == sigma.shape == (2, 1, 1, 1)
    torch.testing.assert_close(signal**2 + sigma**2, torch.ones_like(signal))
    assert sigma[1] > 0.9999
    assert signal[0] > 0.9999


@pytest.mark.parametrize("steps", [0, -3, 1001])
def test_steps_that_cannot_be_done_are_refused(steps: int) -> None:
    with pytest.raises(ParameterError, match=str(steps)):
        build_sampler("dpm++", steps, "epsilon")


def test_an_unknown_sampler_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ParameterError, match=r"'magic'.*ddpm, ddim, dpm\+\+ or unipc"):
        build_sampler("magic", 20, "epsilon")


@pytest.mark.parametrize("name", ["ddpm", "ddim", "dpm++", "unipc"])
@pytest.mark.parametrize("steps", [1, 4, 20, 250])
def test_a_sampler_takes_the_steps_it_was_asked_for_from_noise_down(name: str, steps: int) -> None:
    timesteps = build_sampler(name, steps, "v_prediction").timesteps
    assert len(timesteps) == steps
    assert timesteps[0] >= 998
    assert all(a >= b for a, b in zip(timesteps.tolist(), timesteps.tolist()[1:], strict=False))
