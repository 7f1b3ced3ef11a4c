"""The denoiser, trained on latents that were encoded once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from diffusers import AutoencoderKL
from numpy.typing import NDArray
from open_clip.model import CLIP
from torch import Tensor

from ctstudio.catalog.recipe import DenoiserSettings
from ctstudio.diffusion.schedules import stratified_timesteps
from ctstudio.physics.noise_map import noise_map
from ctstudio.systems.na_diff.conditions import LabelGroups, drop_groups
from ctstudio.systems.na_diff.config import NaDiffConfig
from ctstudio.systems.na_diff.latents import encoded
from ctstudio.systems.na_diff.network import NaDiffNetwork
from ctstudio.systems.na_diff.objective import denoising_loss
from ctstudio.systems.na_diff.telling import Told, told_of
from ctstudio.training.slices import Slices
from ctstudio.training.stage import Batch


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
def encode_slices(vae: AutoencoderKL, slices: Slices, config: NaDiffConfig) -> Encoded:
    """Encode slices with all their noise realisations."""
    latents, maps = [], []
    realisations = np.arange(slices.noise_hu.shape[1])
    for row, noise in enumerate(slices.noise_hu.astype(np.float32)):
        unit = config.window.to_unit(slices.image_hu(np.full(len(realisations), row), realisations))
        latents.append(encoded(vae, config, torch.from_numpy(unit)[:, None]).half().numpy())
        halved = torch.nn.functional.avg_pool2d(noise_map(torch.from_numpy(noise)[:, None]), 2)
        maps.append(halved[:, 0].half().numpy())
    return Encoded(np.stack(latents), np.stack(maps), slices.labels)


class DenoiserStage:
    """Batches and loss."""

    def __init__(
        self, network: NaDiffNetwork, clip: CLIP, encoded: Encoded, settings: DenoiserSettings, groups: LabelGroups
    ) -> None:
        self.module, self._clip, self._encoded = network, clip, encoded
        self._settings, self._groups = settings, groups
        network.trunk.recompute = settings.checkpoint_gradients

    def __len__(self) -> int:
        return len(self._encoded.latents)

    def with_batch(self, count: int) -> DenoiserStage:
        """The same with another batch size."""
        settings = self._settings.model_copy(update={"batch": count})
        return DenoiserStage(self.module, self._clip, self._encoded, settings, self._groups)

    def draw(self, step: int, generator: torch.Generator) -> Batch:
        """Which slices, what of their conditions is told, their timesteps and noise."""
        count, settings = self._settings.batch, self._settings
        latents = self._encoded.latents
        which = torch.randint(len(latents), (count,), generator=generator)
        realisation = torch.randint(latents.shape[1], (count,), generator=generator)
        keep_mask = torch.rand(count, generator=generator) >= settings.drop
        noise = torch.randn(count, *latents.shape[2:], generator=generator)
        if settings.offset_noise:
            noise = noise + settings.offset_noise * torch.randn(count, noise.shape[1], 1, 1, generator=generator)
        return {
            "which": which,
            "realisation": realisation,
            "given": self._given(count, generator) & keep_mask[:, None],
            "keep_mask": keep_mask,
            "keep_map": torch.rand(count, generator=generator) >= settings.drop,
            "timesteps": stratified_timesteps(count, generator),
            "noise": noise,
        }

    def _given(self, count: int, generator: torch.Generator) -> Tensor:
        """Which groups are told; a model that is told of some alone hears of them always."""
        if self.module.config.told_groups and not self.module.config.control:
            return torch.ones(count, len(self._groups.names), dtype=torch.bool)
        return drop_groups(count, self._groups, generator)

    def loss(self, batch: Batch) -> Tensor:
        """Denoising loss."""
        told, z_0 = self.told(batch), self.latents(batch)
        return denoising_loss(
            self.module,
            z_0,
            told.vector,
            told.spatial,
            batch["timesteps"],
            batch["noise"],
            self._settings.min_snr_gamma,
        )

    @property
    def batch(self) -> int:
        """Samples a step."""
        return self._settings.batch

    def latents(self, batch: Batch) -> Tensor:
        """(B, C, side, side) normalised latents of a batch, on its device."""
        which, realisation = batch["which"].cpu().numpy(), batch["realisation"].cpu().numpy()
        return torch.from_numpy(self._encoded.latents[which, realisation].astype(np.float32)).to(batch["noise"].device)

    def told(self, batch: Batch) -> Told:
        """The conditions of a batch, on the device of its `given`."""
        device = batch["given"].device
        which, realisation = batch["which"].cpu().numpy(), batch["realisation"].cpu().numpy()
        labels = torch.from_numpy(self._encoded.labels[which]).to(device)
        maps = torch.from_numpy(self._encoded.noise_maps_hu[which, realisation].astype(np.float32))[:, None].to(device)
        maps = torch.nn.functional.interpolate(maps, scale_factor=2.0, mode="nearest")  # (B, 1, 256, 256)
        maps = maps * batch["keep_map"][:, None, None, None]
        keep = batch["keep_map"], batch["keep_mask"]
        return told_of(self.module, self._clip.to(device), self._groups, labels, batch["given"], maps, *keep)
