"""The trunk's first stage: natural images with CT noise, encoded once, with the latents of their noise maps."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from diffusers import AutoencoderKL
from numpy.typing import NDArray
from torch import Tensor, nn

from ctstudio.catalog.recipe import NaturalSettings
from ctstudio.core.volume import Volume
from ctstudio.diffusion.schedules import stratified_timesteps
from ctstudio.physics.natural import natural_noise
from ctstudio.physics.noise_map import noise_map
from ctstudio.systems.na_diff.conditions import map_picture
from ctstudio.systems.na_diff.config import NaDiffConfig
from ctstudio.systems.na_diff.latents import encoded
from ctstudio.systems.na_diff.natural import NaturalNetwork
from ctstudio.systems.na_diff.objective import denoising_loss
from ctstudio.training.stage import Batch


@dataclass(frozen=True)
class NaturalEncoded:
    """Natural images as the stage needs them; N images, R noise realisations each.

    Attributes:
        latents: (N, R, C, side, side) float16, normalised.
        map_latents: (N, R, C, side, side) float16, those of the noise maps.
    """

    latents: NDArray[np.float16]
    map_latents: NDArray[np.float16]


@torch.no_grad()
def encode_picture(
    vae: AutoencoderKL,
    config: NaDiffConfig,
    picture: NDArray[np.float32],
    doses: NDArray[np.float32],
    generator: torch.Generator,
    scaled: bool,
) -> NaturalEncoded:
    """One picture with noise at several doses.

    Args:
        vae: On any device.
        config: Black and white of the picture become the ends of its window, so that noise has HU here too.
        picture: (n, n) grey values in [0, 1], n the network's image size.
        doses: (R,) fractions of the full dose.
        generator: Of the noise.
        scaled: See `NaturalSettings`.
    """
    image = torch.from_numpy(picture)[None, None]  # (1, 1, n, n)
    noise = natural_noise(image, torch.from_numpy(doses), generator, scaled)  # (R, 1, n, n)
    maps = map_picture(noise_map(noise * config.window_width_hu))[:, :1]  # (R, 1, n, n) in [0, 1]
    unit = 2.0 * torch.cat([(image + noise).clamp(0, 1), maps]) - 1.0  # (2 R, 1, n, n)
    latents, map_latents = encoded(vae, config, unit).half().numpy().reshape(2, len(doses), *_latent_shape(config))
    return NaturalEncoded(latents[None], map_latents[None])


def _latent_shape(config: NaDiffConfig) -> tuple[int, int, int]:
    return config.latent_channels, config.latent_side, config.latent_side


class NaturalStage:
    """Batches and loss."""

    def __init__(self, network: NaturalNetwork, images: NaturalEncoded, settings: NaturalSettings) -> None:
        self.module, self._images, self._settings = network, images, settings

    def draw(self, step: int, generator: torch.Generator) -> Batch:
        """Which images at which noise, whether their maps are told, timesteps and noise."""
        count, shape = self._settings.batch, self._images.latents.shape
        return {
            "which": torch.randint(shape[0], (count,), generator=generator),
            "realisation": torch.randint(shape[1], (count,), generator=generator),
            "keep": torch.rand(count, generator=generator) >= self._settings.drop,
            "timesteps": stratified_timesteps(count, generator),
            "noise": torch.randn(count, *shape[2:], generator=generator),
        }

    def loss(self, batch: Batch) -> Tensor:
        """Denoising loss."""
        network, keep = self.module, batch["keep"][:, None, None]
        z_0, map_latent = (self._picked(each, batch) for each in (self._images.latents, self._images.map_latents))
        told = network.condition(map_latent) * keep  # (B, T, D)
        return denoising_loss(network, z_0, told, None, batch["timesteps"], batch["noise"])

    def _picked(self, latents: NDArray[np.float16], batch: Batch) -> Tensor:
        rows = batch["which"].cpu().numpy(), batch["realisation"].cpu().numpy()
        return torch.from_numpy(latents[rows].astype(np.float32)).to(batch["noise"].device)


class NaturalLooker:
    """Judges by the loss on images that are not trained on; draws no samples."""

    def __init__(self, held: NaturalStage) -> None:
        self._batch, self._held = held.draw(0, torch.Generator().manual_seed(1)), held

    @torch.no_grad()
    def figures(self, module: nn.Module) -> tuple[dict[str, float], str]:
        """The loss on the same images, timesteps and noise at every look."""
        device = next(module.parameters()).device
        loss = self._held.loss({key: value.to(device) for key, value in self._batch.items()})
        return {"validation_loss": float(loss)}, "validation_loss"

    def samples(self, module: nn.Module) -> list[tuple[str, Volume]]:
        """None: what it would draw are no patients."""
        return []
