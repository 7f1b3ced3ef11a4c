"""One estimate from under strong noise."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from ctstudio.diffusion.loop import predicting_x0
from ctstudio.diffusion.noise import generator_for
from ctstudio.diffusion.one_step import one_step_estimate
from ctstudio.diffusion.schedules import signal_and_sigma
from gaussian_data import exact_x0

SHAPE = (1, 1, 24, 24, 24)


def test_what_differs_from_the_healthy_is_drawn_towards_it() -> None:
    """Data are N(0.1, 0.2^2); the image lies 0.5 above. At 900 hardly anything of that is left."""
    image = torch.full(SHAPE, 0.6)
    found = one_step_estimate(exact_x0(0.1, 0.2), image, 900, generator_for(0), "cosine")
    signal, sigma = (float(each) for each in signal_and_sigma(torch.tensor([900]), torch.zeros(1), "cosine"))
    left = signal**2 * 0.2**2 / (signal**2 * 0.2**2 + sigma**2)
    assert left < 0.002
    assert found.mean().item() == pytest.approx(0.1 + left * 0.5, abs=1e-3)
    early = one_step_estimate(exact_x0(0.1, 0.2), image, 20, generator_for(0), "cosine")
    assert early.mean().item() == pytest.approx(0.6, abs=0.03)


def test_the_network_sees_the_image_under_the_noise_of_the_timestep() -> None:
    told: list[Tensor] = []

    def estimate(x_t: Tensor, timesteps: Tensor) -> Tensor:
        told.extend((x_t, timesteps))
        return x_t

    one_step_estimate(estimate, torch.full(SHAPE, 0.5), 400, generator_for(0), "cosine")
    signal, sigma = (float(each) for each in signal_and_sigma(torch.tensor([400]), torch.zeros(1), "cosine"))
    assert told[1].tolist() == [400]
    assert told[0].mean().item() == pytest.approx(0.5 * signal, abs=0.03)
    assert told[0].std().item() == pytest.approx(sigma, rel=0.03)


def test_it_is_float32_and_within_the_range_however_wild_the_prediction() -> None:
    def wild(x_t: Tensor, timesteps: Tensor) -> Tensor:
        return (100 * x_t).bfloat16()

    found = one_step_estimate(
        predicting_x0(wild, "epsilon", "cosine"), torch.zeros(SHAPE).half(), 950, generator_for(0), "cosine"
    )
    assert found.dtype == torch.float32
    assert found.abs().max() <= 1


def test_the_seed_decides_the_draw() -> None:
    draws = [
        one_step_estimate(exact_x0(0.1, 0.2), torch.zeros(SHAPE), 500, generator_for(seed), "cosine")
        for seed in (1, 1, 2)
    ]
    assert torch.equal(draws[0], draws[1])
    assert not torch.equal(draws[0], draws[2])


@pytest.mark.parametrize("kind", ["epsilon", "v_prediction", "sample"])
def test_every_kind_of_prediction_becomes_x0(kind: str) -> None:
    x_0, noise = torch.randn(2, *SHAPE, generator=generator_for(0)).clamp(-1, 1)
    timesteps = torch.tensor([300])
    signal, sigma = signal_and_sigma(timesteps, x_0, "cosine")
    told = {"epsilon": noise, "v_prediction": signal * noise - sigma * x_0, "sample": x_0}[kind]
    estimate = predicting_x0(lambda x_t, t: told, kind, "cosine")
    torch.testing.assert_close(estimate(signal * x_0 + sigma * noise, timesteps), x_0, rtol=0, atol=1e-5)
