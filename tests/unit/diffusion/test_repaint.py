"""Drawing a part anew: order of the steps, and what comes out for Gaussian data."""

from __future__ import annotations

from itertools import pairwise

import pytest
import torch
from torch import Tensor

from ctstudio.core.errors import ParameterError
from ctstudio.diffusion.loop import Denoised, Predict
from ctstudio.diffusion.noise import generator_for
from ctstudio.diffusion.repaint import network_calls, repaint_order, repainted
from ctstudio.diffusion.schedules import signal_and_sigma
from gaussian_data import exact_x0

MEAN, COUNT = 0.3, 10_000


@pytest.mark.parametrize(
    ("steps", "jump", "resamples", "calls"), [(50, 5, 3, 140), (250, 10, 10, 2410), (50, 5, 1, 50), (50, 10, 1, 50)]
)
def test_the_network_is_called_as_often_as_counted_by_hand(steps: int, jump: int, resamples: int, calls: int) -> None:
    order = repaint_order(steps, jump, resamples)
    assert network_calls(order) == calls
    assert len(order) - 1 - calls == calls - steps  # renoised as often as the way leads up
    assert (order[0], order[-1]) == (steps, 0)
    assert all(abs(a - b) == 1 for a, b in pairwise(order))


def test_a_short_order_as_worked_out_by_hand() -> None:
    assert repaint_order(5, 2, 2) == (5, 4, 3, 4, 5, 4, 3, 2, 1, 2, 3, 2, 1, 0)
    assert repaint_order(3, 5, 4) == (3, 2, 1, 0)


def _pairs(sd: float, correlation: float) -> Predict:
    """The best network for pairs of voxels (B, 2, n) that are N(MEAN, sd^2) and correlated."""
    together = sd**2 * torch.tensor([[1.0, correlation], [correlation, 1.0]], dtype=torch.float64)

    def estimate(x_t: Tensor, timesteps: Tensor) -> Tensor:
        signal, sigma = (each.double() for each in signal_and_sigma(timesteps, x_t.double(), "cosine"))
        noisy = signal[0] ** 2 * together + sigma[0] ** 2 * torch.eye(2)
        gain = signal[0] * together @ torch.linalg.inv(noisy)
        return MEAN + gain @ (x_t - signal * MEAN)

    return estimate


def _inpainted(estimate: Predict, known: float, resamples: int = 3) -> list[Denoised]:
    """The second of each pair is drawn, the first is known."""
    x_0 = torch.full((1, 2, COUNT), known, dtype=torch.float64)
    keep = torch.zeros_like(x_0, dtype=torch.bool)
    keep[:, 0] = True
    return list(repainted(estimate, x_0, keep, 50, 5, resamples, generator_for(0), "cosine"))


@pytest.mark.parametrize("sd", [0.05, 0.2, 0.5])
def test_what_does_not_depend_on_its_surroundings_gets_its_own_mean_and_sd(sd: float) -> None:
    made = _inpainted(exact_x0(MEAN, sd), known=-0.4)[-1].x_t[0, 1]
    assert made.mean().item() == pytest.approx(MEAN, abs=4 * sd / COUNT**0.5)
    assert made.std().item() == pytest.approx(sd, rel=0.12)


@pytest.mark.parametrize(("resamples", "least", "most"), [(1, 0.4, 0.7), (3, 0.75, 0.9), (10, 0.9, 1.0)])
def test_what_depends_on_its_surroundings_follows_them_the_more_it_is_resampled(
    resamples: int, least: float, most: float
) -> None:
    """Given a first voxel one SD above the mean, the second has a mean 0.8 SD above it and an SD of 0.6 of its own."""
    made = _inpainted(_pairs(0.2, 0.8), known=MEAN + 0.2, resamples=resamples)[-1].x_t[0, 1]
    assert least < (made.mean().item() - MEAN) / (0.8 * 0.2) < most
    assert made.std().item() == pytest.approx(0.6 * 0.2, rel=0.15)


def test_what_is_kept_is_unchanged_and_seen_by_the_network_under_noise_of_the_right_strength() -> None:
    seen: list[tuple[int, Tensor]] = []

    def estimate(x_t: Tensor, timesteps: Tensor) -> Tensor:
        seen.append((int(timesteps[0]), x_t[0, 0].clone()))
        return torch.zeros_like(x_t)

    steps = _inpainted(estimate, known=0.7)
    assert torch.equal(steps[-1].x_t[0, 0], torch.full((COUNT,), 0.7, dtype=torch.float64))
    assert all(torch.equal(step.x_0[0, 0], steps[-1].x_t[0, 0]) for step in steps)
    assert len(seen) == 140
    assert seen[0][1].mean().item() == pytest.approx(0, abs=0.05), "pure noise at first"
    for timestep, x_t in seen[1:]:
        signal, sigma = signal_and_sigma(torch.tensor([timestep]), torch.zeros(1).double(), "cosine")
        assert x_t.mean().item() == pytest.approx(0.7 * signal.item(), abs=5 * sigma.item() / COUNT**0.5)
        assert x_t.std().item() == pytest.approx(sigma.item(), rel=0.05)


def test_steps_are_told_one_by_one_and_can_be_left() -> None:
    steps = _inpainted(exact_x0(MEAN, 0.2), known=0.0)
    assert [(s.step, s.total) for s in steps] == [(k, 140) for k in range(1, 141)]


def test_the_same_draws_give_the_same_result() -> None:
    first, again = (_inpainted(exact_x0(MEAN, 0.2), known=0.0)[-1].x_t for _ in range(2))
    assert torch.equal(first, again)


@pytest.mark.parametrize("numbers", [(0, 5, 3), (50, 0, 3), (50, 5, 0)])
def test_numbers_that_make_no_sense_are_refused(numbers: tuple[int, int, int]) -> None:
    with pytest.raises(ParameterError, match="cannot be gone"):
        repaint_order(*numbers)
