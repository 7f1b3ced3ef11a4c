"""Samplers in continuous time, beside their formulas written out; and channels that are given."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from ctstudio.core.errors import ParameterError
from ctstudio.diffusion.noise import generator_for
from ctstudio.systems.medsyn.sampling import Known, evaluations, sampled, times_of
from ctstudio.systems.medsyn.schedule import alpha_bar

MEAN, SD = 0.3, 0.2


def _noise(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(shape, generator=generator_for(seed, "test"))


def _exact(x_t: Tensor, times: Tensor, sd: float = SD) -> Tensor:
    """The best x_0 for data that is N(MEAN, sd^2)."""
    part = alpha_bar(times / 1000).view(-1, 1, 1, 1, 1)
    signal = part.sqrt()
    return MEAN + signal * sd**2 * (x_t - signal * MEAN) / (part * sd**2 + 1 - part)


def _last(sampler: str, steps: int, noise: Tensor, sd: float = SD) -> Tensor:
    return list(sampled(lambda x_t, times: _exact(x_t, times, sd), sampler, steps, noise))[-1].x_t


def test_the_published_times_are_those_of_the_released_code() -> None:
    assert times_of("ddim-published", 50) == [t / 1000 for t in range(1000, -1, -20)]
    assert evaluations("ddim-published", 50) == 51
    assert evaluations("ddim-published", 20) == 21
    assert [evaluations(name, 50) for name in ("ddim", "dpm++")] == [50, 50]
    assert times_of("ddim", 50) == pytest.approx(times_of("ddim-published", 50)[:-1])
    with pytest.raises(ParameterError, match="euler"):
        times_of("euler", 4)


def test_ddim_is_the_published_formula() -> None:
    """Written out: eps from x_t and the clamped x_0, then x at the next time; x_0 itself at the last."""
    x = noise = _noise(1, 4, 4, 4, 4)
    times = times_of("ddim-published", 20)
    for now, then in zip(times, [*times[1:], None], strict=True):
        x_0 = _exact(x, torch.tensor([1000 * now])).clamp(-1, 1)
        if then is None:
            x = x_0
            break
        here, there = alpha_bar(torch.tensor([now, then])).double()
        eps = (x - here.sqrt() * x_0) / (1 - here).sqrt()
        x = (there.sqrt() * x_0 + (1 - there).sqrt() * eps).float()
    torch.testing.assert_close(_last("ddim-published", 20, noise), x, atol=2e-5, rtol=1e-4)


def test_dpm_solver_is_its_formula_of_second_order() -> None:
    x = noise = _noise(1, 4, 4, 4, 4)
    times = times_of("dpm++", 6)
    part = [float(alpha_bar(torch.tensor([t]))) for t in times]
    signal, sigma = [math.sqrt(p) for p in part], [math.sqrt(1 - p) for p in part]
    log_snr = [math.log(a / s) for a, s in zip(signal, sigma, strict=True)]
    before: Tensor | None = None
    for i in range(len(times)):
        x_0 = _exact(x, torch.tensor([1000 * times[i]])).clamp(-1, 1)
        if i == len(times) - 1:
            x = x_0
            break
        h = log_snr[i + 1] - log_snr[i]
        led = x_0
        if before is not None:
            ratio = (log_snr[i] - log_snr[i - 1]) / h
            led = x_0 + (x_0 - before) / (2 * ratio)
        x = sigma[i + 1] / sigma[i] * x - signal[i + 1] * (math.exp(-h) - 1) * led
        before = x_0
    torch.testing.assert_close(_last("dpm++", 6, noise), x, atol=2e-5, rtol=1e-4)


@pytest.mark.parametrize(
    ("sampler", "steps", "sd", "kept"),
    [("ddim", 50, 0.2, 0.9), ("ddim-published", 50, 0.2, 0.9), ("dpm++", 20, 0.2, 0.97), ("dpm++", 20, 0.05, 0.8)],
)
def test_a_gaussian_is_met(sampler: str, steps: int, sd: float, kept: float) -> None:
    made = _last(sampler, steps, _noise(1, 4, 16, 16, 16), sd=sd)
    assert made.mean().item() == pytest.approx(MEAN, abs=0.02)
    assert kept < made.std().item() / sd < 1.05


@pytest.mark.parametrize("sampler", ["ddim", "ddim-published", "dpm++"])
def test_each_call_is_one_step_at_the_time_that_the_network_is_told(sampler: str) -> None:
    told: list[float] = []

    def predict(x_t: Tensor, times: Tensor) -> Tensor:
        told.append(times.item())
        return torch.zeros_like(x_t)

    steps = list(sampled(predict, sampler, 7, _noise(1, 4, 2, 2, 2)))
    assert [(s.step, s.total) for s in steps] == [(k, len(told)) for k in range(1, len(told) + 1)]
    assert told == pytest.approx([1000 * t for t in times_of(sampler, 7)])


def test_an_estimate_stays_within_what_channels_can_hold() -> None:
    steps = list(sampled(lambda x_t, times: torch.full_like(x_t, 3.0), "dpm++", 3, _noise(1, 4, 2, 2, 2)))
    assert all(step.x_0.max() <= 1 for step in steps)
    assert torch.equal(steps[-1].x_t, torch.ones(1, 4, 2, 2, 2))


@pytest.mark.parametrize("sampler", ["ddim", "dpm++"])
def test_a_given_channel_comes_out_as_given_and_is_seen_noised_on_the_way(sampler: str) -> None:
    values = _noise(1, 4, 8, 8, 8, seed=5).clamp(-1, 1)
    noise, seen = _noise(1, 4, 8, 8, 8), []

    def predict(x_t: Tensor, times: Tensor) -> Tensor:
        seen.append((float(times) / 1000, x_t.clone()))
        return torch.full_like(x_t, 0.9)

    last = list(sampled(predict, sampler, 6, noise, Known((1, 3), values)))[-1].x_t
    assert torch.equal(last[:, [1, 3]], values[:, [1, 3]])
    assert (last[:, [0, 2]] == 0.9).all()
    for time, x_t in seen[1:]:
        part = alpha_bar(torch.tensor([time]))
        left = (x_t[:, [1, 3]] - part.sqrt() * values[:, [1, 3]]) / (1 - part).sqrt()
        assert left.std().item() == pytest.approx(1.0, abs=0.06)
        assert abs(left.mean().item()) < 0.1
        torch.testing.assert_close(left, noise[:, [1, 3]], atol=0.03, rtol=0.03)


def test_the_loop_can_be_left_between_two_steps() -> None:
    calls: list[int] = []

    def predict(x_t: Tensor, times: Tensor) -> Tensor:
        calls.append(1)
        return x_t

    steps = sampled(predict, "dpm++", 50, _noise(1, 4, 2, 2, 2))
    next(steps)
    next(steps)
    steps.close()  # type: ignore[attr-defined]
    assert len(calls) == 2
