"""The demo's autoencoder: keeps photon noise, because it learns to reproduce noisy slices pixel by pixel.

Stable Diffusion's factor 8 with 4 channels keeps 16 numbers of 256 pixels and loses CT noise. Factor 4 with 8 channels
kept 87 % of the noise SD in a trial; with 12 channels the bundled model keeps 90 to 95 % (`model.json`).
"""

from __future__ import annotations

import numpy as np
import torch
from diffusers import AutoencoderKL
from torch import Tensor, nn
from torch.nn import functional

from ctstudio.catalog.recipe import VaeSettings
from ctstudio.systems.na_diff.config import NaDiffConfig
from ctstudio.training.slices import Slices
from ctstudio.training.stage import Batch

KL_WEIGHT = 1e-4
LATENT_JITTER = 0.02
AIR_MARGIN = 0.14
"""Crops keep this part of the slice's edge from its border, where there is only air."""

FULL_SLICES = 0.15
"""The last part of the steps sees whole slices, so that group norms fit them."""


def build_vae(settings: VaeSettings, config: NaDiffConfig) -> AutoencoderKL:
    """The autoencoder of a recipe, untrained."""
    levels = len(settings.block_out_channels)
    return AutoencoderKL(
        in_channels=config.image_channels,
        out_channels=config.image_channels,
        down_block_types=("DownEncoderBlock2D",) * levels,
        up_block_types=("UpDecoderBlock2D",) * levels,
        block_out_channels=settings.block_out_channels,
        layers_per_block=1,
        latent_channels=config.latent_channels,
        norm_num_groups=4,
        mid_block_add_attention=False,
        scaling_factor=1.0,
    )


class VaeStage:
    """Batches and loss."""

    def __init__(self, vae: AutoencoderKL, slices: Slices, settings: VaeSettings, config: NaDiffConfig) -> None:
        self.module: nn.Module = vae
        self._vae, self._slices, self._settings, self._config = vae, slices, settings, config

    def loss(self, batch: Batch) -> Tensor:
        """Mean squared error of the slice, and a little KL that keeps latents near N(0, 1)."""
        image = self._images(batch).to(batch["which"].device)  # (B, 1, H, W)
        posterior = self._vae.encode(image).latent_dist
        z = posterior.mean + LATENT_JITTER * batch["jitter"]
        decoded = self._vae.decode(z).sample.float()
        kl = 0.5 * posterior.mean.float().pow(2).mean()
        return functional.mse_loss(decoded, image) + KL_WEIGHT * kl

    def draw(self, step: int, generator: torch.Generator) -> Batch:
        """Which slices, where each is cropped, and the jitter of its latent; towards the end whole slices."""
        whole = step >= (1 - FULL_SLICES) * self._settings.steps
        crop = self._config.image_size if whole else self._settings.crop
        count = max(1, self._settings.batch // 8) if whole else self._settings.batch
        drawn = self._slices.drawn(count, generator)
        margin = 0 if whole else int(AIR_MARGIN * self._config.image_size)
        room = self._config.image_size - crop - 2 * margin + 1
        side = crop // self._config.vae_factor
        return {
            **drawn,
            "corners": margin + torch.randint(room, (count, 2), generator=generator),
            "jitter": torch.randn(count, self._config.latent_channels, side, side, generator=generator),
        }

    def _images(self, batch: Batch) -> Tensor:
        """(B, 1, crop, crop) in [-1, 1]; the jitter's size tells the crop's."""
        crop = batch["jitter"].shape[-1] * self._config.vae_factor
        where = zip(batch["which"].tolist(), batch["realisation"].tolist(), batch["corners"].tolist(), strict=True)
        rows = [self._slices.crop_hu(which, noise, (y, x), crop) for which, noise, (y, x) in where]
        return torch.from_numpy(self._config.window.to_unit(np.stack(rows)))[:, None]


@torch.no_grad()
def latent_statistics(vae: AutoencoderKL, images: Tensor) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Mean and SD of each latent channel over images (N, 1, 256, 256) in [-1, 1]."""
    z = torch.cat([vae.encode(part).latent_dist.mean for part in images.split(8)])  # (N, C, side, side)
    mean, std = z.mean(dim=(0, 2, 3)), z.std(dim=(0, 2, 3))
    return tuple(round(v, 5) for v in mean.tolist()), tuple(round(v, 5) for v in std.tolist())
