"""The noise schedule and its algebra."""

from __future__ import annotations

import math

import pytest
import torch
from diffusers import DDPMScheduler

from ctstudio.core.errors import ParameterError
from ctstudio.diffusion.loop import estimate_x0
from ctstudio.diffusion.schedules import (
    Schedule,
    alphas_bar,
    build_few_step_sampler,
    build_sampler,
    min_snr_weights,
    noised,
    schedule_of,
    signal_and_sigma,
    velocity,
)

SCHEDULES: tuple[Schedule, ...] = ("linear", "cosine")


def test_alphas_bar_begin_and_end_as_worked_out_by_hand() -> None:
    bars = alphas_bar()
    assert len(bars) == 1000
    assert bars[0].item() == pytest.approx(1 - 1e-4, abs=1e-12)
    assert bars[1].item() == pytest.approx((1 - 1e-4) * (1 - 1e-4 - 0.0199 / 999), abs=1e-12)
    betas = [1e-4 + 0.0199 * k / 999 for k in range(1000)]
    assert bars[-1].item() == pytest.approx(math.prod(1 - b for b in betas), rel=1e-9)
    assert bars[-1].item() == pytest.approx(4.0358e-5, rel=1e-3)


def test_cosine_begins_and_ends_as_worked_out_by_hand() -> None:
    def left(time: float) -> float:
        return math.cos((time + 0.008) / 1.008 * math.pi / 2) ** 2

    bars = alphas_bar("cosine")
    assert len(bars) == 1000
    assert bars[0].item() == pytest.approx(left(0.001) / left(0), rel=1e-12)
    assert bars[499].item() == pytest.approx(left(0.5) / left(0), rel=1e-9)
    assert bars[998].item() == pytest.approx(left(0.999) / left(0), rel=1e-6)
    assert bars[999].item() == pytest.approx(bars[998].item() * (1 - 0.999), rel=1e-9)


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_diffusers_knows_the_same_schedule(schedule: Schedule) -> None:
    for name in ("ddpm", "ddim", "dpm++", "unipc"):
        sampler = build_sampler(name, 10, "epsilon", schedule=schedule)
        theirs = sampler.alphas_cumprod
        torch.testing.assert_close(theirs.double(), alphas_bar(schedule)[: len(theirs)], rtol=1e-4, atol=1e-7)
        assert schedule_of(sampler) == schedule
    student = build_few_step_sampler((900, 400), "epsilon", redraw=True, schedule=schedule)
    assert schedule_of(student) == schedule


def test_diffusers_own_cosine_is_ours() -> None:
    theirs = DDPMScheduler(beta_schedule="squaredcos_cap_v2").alphas_cumprod
    torch.testing.assert_close(theirs.double(), alphas_bar("cosine"), rtol=2e-3, atol=1e-6)


def test_samplers_leave_out_the_end_of_cosine_where_no_signal_is_left() -> None:
    assert alphas_bar("cosine")[995].item() == pytest.approx(alphas_bar()[999].item(), rel=0.05)
    assert alphas_bar("cosine")[999].item() < 1e-8
    with pytest.raises(ParameterError, match="1 to 996"):
        build_sampler("ddpm", 1000, "epsilon", schedule="cosine")


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_weights_follow_the_schedule(schedule: Schedule) -> None:
    timesteps = torch.tensor([100, 700])
    bar = alphas_bar(schedule)[timesteps]
    snr = bar / (1 - bar)
    weights = min_snr_weights(timesteps, 5.0, "v_prediction", schedule).double()
    torch.testing.assert_close(weights, snr.clamp(max=5) / (snr + 1), rtol=1e-6, atol=0)


@pytest.mark.parametrize("schedule", SCHEDULES)
@pytest.mark.parametrize("kind", ["epsilon", "v_prediction", "sample"])
def test_the_estimate_undoes_the_noise(kind: str, schedule: Schedule) -> None:
    generator = torch.Generator().manual_seed(0)
    x_0, noise = (torch.randn(4, 2, 3, 3, generator=generator, dtype=torch.float64) for _ in range(2))
    timesteps = torch.tensor([0, 10, 500, 995])
    x_t = noised(x_0, noise, timesteps, schedule)
    told = {"epsilon": noise, "v_prediction": velocity(x_0, noise, timesteps, schedule), "sample": x_0}[kind]
    torch.testing.assert_close(estimate_x0(x_t, told, timesteps, kind, schedule), x_0, atol=1e-9, rtol=0)


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
@pytest.mark.parametrize(("schedule", "first"), [("linear", (998, 999)), ("cosine", (994, 995))])
def test_a_sampler_takes_the_steps_it_was_asked_for_from_noise_down(
    name: str, steps: int, schedule: Schedule, first: tuple[int, ...]
) -> None:
    timesteps = build_sampler(name, steps, "v_prediction", schedule=schedule).timesteps
    assert len(timesteps) == steps
    assert timesteps[0] in first
    assert all(a >= b for a, b in zip(timesteps.tolist(), timesteps.tolist()[1:], strict=False))
