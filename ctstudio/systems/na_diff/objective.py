"""What NA-Diff is trained on.

Source: NA-Diff, section 3.1: the mean squared error of the predicted noise.
Differs: a configuration may predict v instead, which weighs all noise levels alike.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from ctstudio.diffusion.schedules import TRAIN_STEPS, noised, velocity
from ctstudio.systems.na_diff.network import NaDiffNetwork


def denoising_loss(
    network: NaDiffNetwork, z_0: Tensor, condition: Tensor, spatial: Tensor | None, generator: torch.Generator
) -> Tensor:
    """One draw of the training loss.

    Args:
        network: The denoiser.
        z_0: (B, C, side, side) normalised latents.
        condition: (B, D).
        spatial: (B, K, side, side) or None.
        generator: CPU generator of timesteps and noise.

    Returns:
        Scalar.
    """
    # One stratum a sample: the batch covers all noise levels, which calms the loss.
    strata = (torch.rand(len(z_0), generator=generator) + torch.arange(len(z_0))) / len(z_0)
    timesteps = (strata * TRAIN_STEPS).long().to(z_0.device)  # (B,)
    noise = torch.randn(z_0.shape, generator=generator).to(z_0)
    z_t = noised(z_0, noise, timesteps)  # (B, C, side, side)
    prediction = network(z_t, timesteps, condition, spatial)[:, : z_0.shape[1]]
    target = velocity(z_0, noise, timesteps) if network.config.prediction == "v_prediction" else noise
    return functional.mse_loss(prediction.float(), target)
