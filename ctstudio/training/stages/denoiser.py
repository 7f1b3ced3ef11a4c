"""The denoiser, trained on latents that were encoded once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from diffusers import AutoencoderKL
from numpy.typing import NDArray
from open_clip.model import CLIP
from torch import Tensor

from ctstudio.nets.clip import embed_picture
from ctstudio.physics.noise_map import noise_map
from ctstudio.systems.na_diff.conditions import (
    LabelGroups,
    drop_groups,
    map_picture,
    mask_picture,
    spatial_condition,
)
from ctstudio.systems.na_diff.config import NaDiffConfig
from ctstudio.systems.na_diff.network import NaDiffNetwork
from ctstudio.systems.na_diff.objective import denoising_loss
from ctstudio.training.phantom_slices import PhantomSlices
from ctstudio.training.recipe import StageSettings

DROP = 0.1
"""Part of the samples that lose a condition altogether, for classifier-free guidance."""


@dataclass(frozen=True)
class Encoded:
    """Slices as the denoiser needs them; N slices, R noise realisations each.

    Attributes:
        latents: (N, R, C, side, side) float16, normalised.
        noise_maps_hu: (N, R, 128, 128) float16, local SD in HU at half the pixels.
        labels: (N, 256, 256) uint8.
    """

    latents: NDArray[np.float16]
    noise_maps_hu: NDArray[np.float16]
    labels: NDArray[np.uint8]


@torch.no_grad()
def encode_slices(vae: AutoencoderKL, slices: PhantomSlices, config: NaDiffConfig) -> Encoded:
    """Encode slices with all their noise realisations."""
    mean = torch.tensor(config.latent_mean).view(1, -1, 1, 1)
    std = torch.tensor(config.latent_std).view(1, -1, 1, 1)
    latents, maps = [], []
    for ct, noise in zip(slices.ct_hu, slices.noise_hu.astype(np.float32), strict=True):
        image = torch.from_numpy(config.window.to_unit(ct[None] + noise))[:, None]  # (R, 1, 256, 256)
        with torch.autocast("cpu", torch.bfloat16):
            z = vae.encode(image).latent_dist.mean.float()
        latents.append(((z - mean) / std).half().numpy())
        halved = torch.nn.functional.avg_pool2d(noise_map(torch.from_numpy(noise)[:, None]), 2)
        maps.append(halved[:, 0].half().numpy())
    return Encoded(np.stack(latents), np.stack(maps), slices.labels)


class DenoiserStage:
    """Batches and loss."""

    def __init__(
        self, network: NaDiffNetwork, clip: CLIP, encoded: Encoded, settings: StageSettings, groups: LabelGroups
    ) -> None:
        self.module, self._clip, self._encoded = network, clip, encoded
        self._settings, self._groups = settings, groups

    def loss(self, step: int, generator: torch.Generator) -> Tensor:
        """Denoising loss with labels and conditions dropped at random."""
        count, config = self._settings.batch, self.module.config
        which = torch.randint(len(self._encoded.latents), (count,), generator=generator).numpy()
        realisation = torch.randint(self._encoded.latents.shape[1], (count,), generator=generator).numpy()
        labels = torch.from_numpy(self._encoded.labels[which])
        maps = torch.from_numpy(self._encoded.noise_maps_hu[which, realisation].astype(np.float32))[:, None]
        maps = torch.nn.functional.interpolate(maps, scale_factor=2.0, mode="nearest")  # (B, 1, 256, 256)
        given = drop_groups(count, self._groups, generator)
        keep_mask = torch.rand(count, generator=generator) >= DROP
        keep_map = torch.rand(count, generator=generator) >= DROP
        given = given & keep_mask[:, None]
        maps = maps * keep_map[:, None, None, None]
        with torch.no_grad():
            map_embedding = embed_picture(self._clip, map_picture(maps))
            mask_embedding = embed_picture(self._clip, mask_picture(labels, given, self._groups))
            spatial = spatial_condition(labels, given, maps, config, self._groups)
        z_0 = torch.from_numpy(self._encoded.latents[which, realisation].astype(np.float32))
        with torch.autocast("cpu", torch.bfloat16):
            condition = self.module.conditions(map_embedding, mask_embedding, keep_map, keep_mask)
            return denoising_loss(self.module, z_0, condition, spatial if config.spatial else None, generator)
