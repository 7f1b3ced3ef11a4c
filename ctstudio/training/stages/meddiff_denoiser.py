"""MedDiff-FM's denoiser, trained on patches of whole bodies.

Source: MedDiff-FM, eq. 1, sections 3.2 and 4.1.
Differs: the odds of the three ways to see a volume can be set; volumes may be cut as by a scanner that sees less.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor

from ctstudio.catalog.meddiff_recipe import PatchSettings
from ctstudio.diffusion.schedules import stratified_timesteps
from ctstudio.nets.memory_layout import channels_last
from ctstudio.systems.meddiff_fm.config import MeddiffConfig
from ctstudio.systems.meddiff_fm.network import Denoiser
from ctstudio.systems.meddiff_fm.objective import Patches, loss
from ctstudio.training.patches import draw_patch, middle_patch, stacked
from ctstudio.training.regions import RegionVolume
from ctstudio.training.stage import Batch


class MeddiffDenoiserStage:
    """Batches and loss.

    Args:
        denoiser: What is trained.
        volumes: Of healthy patients, as many of each region.
        settings: How.
    """

    def __init__(self, denoiser: Denoiser, volumes: Sequence[RegionVolume], settings: PatchSettings) -> None:
        self.module, self.volumes, self._settings = channels_last(denoiser), volumes, settings

    def __len__(self) -> int:
        return len(self.volumes)

    def draw(self, step: int, generator: torch.Generator) -> Batch:
        """Which patients, what decides which patch of each, at what time, with what noise."""
        return draw_volumes(len(self), self._settings.batch, self.config.patch, generator)

    def loss(self, batch: Batch) -> Tensor:
        """Absolute error of the prediction."""
        return loss(self.module, self.patches(batch), batch["timesteps"], batch["noise"])

    def patches(self, batch: Batch) -> Patches:
        """The patches of a batch, on its device."""
        edge = self.config.patch
        parts = [
            draw_patch(self.volumes[which], self._settings, edge, np.random.default_rng(seed))
            for which, seed in zip(batch["which"].tolist(), batch["patch"].tolist(), strict=True)
        ]
        return stacked(parts, self.config, batch["noise"].device)

    @property
    def config(self) -> MeddiffConfig:
        """Sizes."""
        return self.module.config

    def fixed(self, number: int) -> Patches:
        """The patch in the middle of a patient, on the network's device."""
        part = middle_patch(self.volumes[number], self.config.patch)
        return stacked([part], self.config, next(self.module.parameters()).device)

    def predict(self, patches: Patches) -> Callable[[Tensor, Tensor], Tensor]:
        """(x_t, timesteps) to the prediction, for these patches."""
        condition = self.module.condition(patches.coordinates, patches.anatomy)
        return lambda x_t, timesteps: self.module(x_t, timesteps, condition, patches.region)


def draw_volumes(volumes: int, count: int, edge: int, generator: torch.Generator) -> Batch:
    """Which volumes, the seed of each one's patch, their times and noise."""
    return {
        "which": torch.randint(volumes, (count,), generator=generator),
        "patch": torch.randint(2**31, (count,), generator=generator),
        "timesteps": stratified_timesteps(count, generator),
        "noise": torch.randn(count, 1, edge, edge, edge, generator=generator),
    }
