"""Every sampler, given the exact answer for a Gaussian target, must land on that Gaussian."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from ctstudio.diffusion.loop import Denoised, Predict, denoise
from ctstudio.diffusion.noise import generator_for
from ctstudio.diffusion.schedules import Schedule, build_sampler, signal_and_sigma
from gaussian_data import exact_x0

MEAN = 0.3
COUNT = 4000
STEPS = {"ddpm": 250, "ddim": 50, "dpm++": 20, "unipc": 20}
LARGEST_ERROR = {"ddpm": (0.25, 0.08, 0.05), "ddim": (0.1,) * 3, "dpm++": (0.05,) * 3, "unipc": (0.05,) * 3}
"""Part of the SD that may be lost at SD 0.05, 0.2 and 0.5. DDPM with its uniform timesteps loses much of a small SD."""


def _exact(sd: float, kind: str, schedule: Schedule = "linear") -> Predict:
    """The best prediction for data that is N(MEAN, sd^2)."""

    def predict(x_t: Tensor, timesteps: Tensor) -> Tensor:
        signal, sigma = signal_and_sigma(timesteps.long(), x_t, schedule)
        x_0 = exact_x0(MEAN, sd, schedule)(x_t, timesteps.long())
        noise = (x_t - signal * x_0) / sigma
        return {"epsilon": noise, "v_prediction": signal * noise - sigma * x_0, "sample": x_0}[kind]

    return predict


def _run(name: str, sd: float, kind: str, steps: int, seed: int = 0, schedule: Schedule = "linear") -> list[Denoised]:
    x_t = torch.randn(2, COUNT, generator=generator_for(seed, "start"), dtype=torch.float64)
    generators = [generator_for(seed, "steps", row) for row in range(2)]
    return list(
        denoise(_exact(sd, kind, schedule), build_sampler(name, steps, kind, schedule=schedule), x_t, generators)
    )


@pytest.mark.parametrize(
    ("kind", "schedule"),
    [("v_prediction", "linear"), ("epsilon", "linear"), ("epsilon", "cosine"), ("sample", "cosine")],
)
@pytest.mark.parametrize(("size", "sd"), [(0, 0.05), (1, 0.2), (2, 0.5)])
@pytest.mark.parametrize("name", list(STEPS))
def test_a_sampler_lands_on_the_gaussian(name: str, size: int, sd: float, kind: str, schedule: Schedule) -> None:
    made = _run(name, sd, kind, STEPS[name], schedule=schedule)[-1].x_t
    error = sd / (2 * COUNT) ** 0.5
    assert made.mean().item() == pytest.approx(MEAN, abs=4 * error + 0.01)
    assert made.std().item() == pytest.approx(sd, rel=LARGEST_ERROR[name][size])


@pytest.mark.parametrize("name", ["ddpm", "ddim"])
def test_steps_that_do_not_divide_a_thousand_leave_no_noise_behind(name: str) -> None:
    assert _run(name, 0.05, "v_prediction", 600)[-1].x_t.std().item() == pytest.approx(0.05, rel=0.15)


@pytest.mark.parametrize("name", list(STEPS))
def test_each_call_is_one_step_and_the_last_estimate_is_the_result(name: str) -> None:
    steps = _run(name, 0.2, "v_prediction", 7)
    assert [(s.step, s.total) for s in steps] == [(k, 7) for k in range(1, 8)]
    torch.testing.assert_close(steps[-1].x_t, steps[-1].x_0, atol=0.02, rtol=0.0)


@pytest.mark.parametrize("name", list(STEPS))
def test_the_same_draws_give_the_same_result_and_others_another(name: str) -> None:
    first, again, other = (_run(name, 0.2, "v_prediction", 5, seed)[-1].x_t for seed in (1, 1, 2))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_a_sample_of_the_noisy_sampler_does_not_see_its_neighbours() -> None:
    x_t = torch.randn(3, 2, generator=generator_for(5))

    def last(rows: list[int]) -> Tensor:
        generators = [generator_for(9, row) for row in rows]
        sampler = build_sampler("ddpm", 6, "v_prediction")
        return list(denoise(_exact(0.2, "v_prediction"), sampler, x_t[rows], generators))[-1].x_t

    torch.testing.assert_close(last([0, 1, 2])[2:], last([2]))


def test_the_loop_can_be_left_between_two_steps() -> None:
    calls = []

    def predict(x_t: Tensor, timesteps: Tensor) -> Tensor:
        calls.append(1)
        return torch.zeros_like(x_t)

    steps = denoise(predict, build_sampler("dpm++", 20, "v_prediction"), torch.randn(1, 2), [generator_for(0)])
    next(steps)
    next(steps)
    steps.close()
    assert len(calls) == 2
