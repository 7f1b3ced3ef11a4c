"""What a network would have drawn in a scan's place: noise on it, and one estimate of what is beneath."""

from __future__ import annotations

import torch
from torch import Tensor

from ctstudio.diffusion.loop import Predict
from ctstudio.diffusion.noise import noise_like
from ctstudio.diffusion.schedules import Schedule, noised


@torch.no_grad()
def one_step_estimate(
    estimate: Predict, x_0: Tensor, timestep: int, generator: torch.Generator, schedule: Schedule = "linear"
) -> Tensor:
    """Noise an image to a timestep and estimate it back at once.

    Args:
        estimate: Network call from `predicting_x0`.
        x_0: (B, ...) in [-1, 1].
        timestep: 0 to 999. Near the end little is left of the image, and errors of a predicted noise weigh heavily.
        generator: Draws the noise.
        schedule: That which the network was trained with.

    Returns:
        (B, ...) float32 in [-1, 1].

    Source: MedDiff-FM, section 3.4, anomaly detection.
    """
    x_0 = x_0.float()
    timesteps = torch.full((len(x_0),), timestep, device=x_0.device)
    return estimate(noised(x_0, noise_like(x_0, generator), timesteps, schedule), timesteps).clamp(-1, 1)
