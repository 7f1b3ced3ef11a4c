"""The best network for data that is Gaussian: what it should lead to is known exactly."""

from __future__ import annotations

from torch import Tensor

from ctstudio.diffusion.loop import Predict
from ctstudio.diffusion.schedules import Schedule, signal_and_sigma


def exact_x0(mean: float, sd: float, schedule: Schedule = "cosine") -> Predict:
    """(x_t, timesteps) to the mean of x_0 given x_t, for data that is N(mean, sd^2) in each voxel."""

    def estimate(x_t: Tensor, timesteps: Tensor) -> Tensor:
        signal, sigma = signal_and_sigma(timesteps, x_t, schedule)
        return mean + signal * sd**2 * (x_t - signal * mean) / (signal**2 * sd**2 + sigma**2)

    return estimate
