"""The bound that a learned variance minimises, and the sampler that uses it."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from ctstudio.diffusion.learned_variance import variational_bound
from ctstudio.diffusion.loop import denoise
from ctstudio.diffusion.noise import generator_for
from ctstudio.diffusion.schedules import alphas_bar, build_sampler

T = torch.tensor([1, 10, 500, 999])


def _step(t: int) -> tuple[float, float, float]:
    """Beta, beta-tilde and the weight of x_0 in the posterior's mean, by hand."""
    bar = alphas_bar().numpy()
    beta = 1 - bar[t] / bar[t - 1]
    return beta, beta * (1 - bar[t - 1]) / (1 - bar[t]), np.sqrt(bar[t - 1]) * beta / (1 - bar[t])


def test_a_perfect_mean_with_the_smallest_variance_is_the_true_step() -> None:
    x_0 = torch.randn(4, 2, 3, 3, dtype=torch.float64)
    bound = variational_bound(x_0, x_0, -torch.ones_like(x_0), T)
    torch.testing.assert_close(bound, torch.zeros(4, dtype=torch.float64), atol=1e-9, rtol=0)


def test_it_is_the_divergence_of_two_gaussians() -> None:
    beta, tilde, weight = _step(10)
    x_0, estimate = torch.zeros(1, 1, 1, 1).double(), torch.full((1, 1, 1, 1), 0.3).double()
    bound = variational_bound(x_0, estimate, torch.ones_like(x_0), torch.tensor([10]))
    nats = 0.5 * (np.log(beta / tilde) + (tilde + (weight * 0.3) ** 2) / beta - 1)
    assert bound.item() == pytest.approx(nats / np.log(2), rel=1e-6)


def test_the_bound_is_least_where_the_variance_covers_the_error() -> None:
    """With a mean that errs by e, the best variance is that of the step plus (weight e)^2."""
    beta, tilde, weight = _step(2)
    error = np.sqrt(0.5 * (beta - tilde)) / weight
    x_0, estimate = torch.zeros(1, 1, 1, 1).double(), torch.full((1, 1, 1, 1), error).double()
    said = torch.linspace(-1, 1, 2001).double()
    bounds = torch.cat([variational_bound(x_0, estimate, v.view(1, 1, 1, 1), torch.tensor([2])) for v in said])
    best = float(said[bounds.argmin()])
    expected = 2 * np.log((tilde + 0.5 * (beta - tilde)) / tilde) / np.log(beta / tilde) - 1
    assert best == pytest.approx(expected, abs=2e-3)


def test_the_last_step_is_judged_too_and_no_gradient_is_lost() -> None:
    x_0, said = torch.randn(2, 1, 4, 4), torch.zeros(2, 1, 4, 4, requires_grad=True)
    bound = variational_bound(x_0, x_0 + 0.1, said, torch.tensor([0, 1]))
    assert torch.isfinite(bound).all()
    bound.sum().backward()
    assert said.grad is not None
    assert bool((said.grad != 0).all())


@pytest.mark.parametrize(("said", "wider"), [(-1.0, False), (1.0, True)])
def test_the_sampler_spreads_its_steps_as_it_is_told(said: float, wider: bool) -> None:
    """Of data at one point the last step but one shows the variance that was said."""

    def predict(x_t: Tensor, timesteps: Tensor) -> Tensor:
        bar = alphas_bar()[timesteps].float().view(-1, 1, 1, 1)
        return torch.cat([x_t / (1 - bar).sqrt(), torch.full_like(x_t, said)], dim=1)  # x_0 is 0

    sampler = build_sampler("ddpm", 50, "epsilon", learned_variance=True)
    noise = torch.randn(1, 1, 64, 64, generator=torch.Generator().manual_seed(0))
    steps = list(denoise(predict, sampler, noise, [generator_for(0, "sampler", 0)]))
    t, before = int(sampler.timesteps[-2]), int(sampler.timesteps[-1])
    bar = alphas_bar().numpy()
    beta = 1 - bar[t] / bar[before]
    tilde = beta * (1 - bar[before]) / (1 - bar[t])
    carried = (np.sqrt(bar[t] / bar[before]) * (1 - bar[before]) / (1 - bar[t])) ** 2 * steps[-3].x_t.var().item()
    assert steps[-2].x_t.var().item() == pytest.approx(carried + (beta if wider else tilde), rel=0.08)
    assert steps[-1].x_t.abs().max() < 1e-5
    assert steps[-1].x_0.shape == noise.shape
