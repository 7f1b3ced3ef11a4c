"""Slices to latents and back."""

from __future__ import annotations

import numpy as np
import torch
from diffusers import AutoencoderKL
from numpy.typing import NDArray
from torch import Tensor

from ctstudio.systems.na_diff.config import NaDiffConfig


def decoded_hu(vae: AutoencoderKL, config: NaDiffConfig, z: Tensor) -> NDArray[np.float32]:
    """Normalised latents (B, C, side, side) on the autoencoder's device as slices (B, 256, 256) in HU."""
    mean = torch.tensor(config.latent_mean, device=z.device).view(1, -1, 1, 1)
    std = torch.tensor(config.latent_std, device=z.device).view(1, -1, 1, 1)
    images = vae.decode(z * std + mean).sample.float().mean(dim=1)  # (B, 256, 256), channels averaged
    return config.window.from_unit(images.cpu().numpy())


def encoded(vae: AutoencoderKL, config: NaDiffConfig, unit: Tensor) -> Tensor:
    """Slices (B, 1, n, n) in [-1, 1] as normalised latents (B, C, side, side) float32 on the CPU.

    The posterior's mean is taken, not a sample. The paper's autoencoder sees the grey slice as its three channels.
    """
    mean = torch.tensor(config.latent_mean).view(1, -1, 1, 1)
    std = torch.tensor(config.latent_std).view(1, -1, 1, 1)
    image = unit.expand(-1, config.image_channels, -1, -1).to(vae.device)
    with torch.autocast(vae.device.type, torch.bfloat16):
        z = vae.encode(image).latent_dist.mean.float().cpu()
    return (z - mean) / std
