"""A ControlNet of MedDiff-FM, trained on patches that hold lesions while the denoiser stays as it is.

Source: MedDiff-FM, eq. 2, section 3.2.
Differs: voxels in and beside a lesion may count more, because a lesion is a thousandth of a patch; and some patches
hold none, so that the ControlNet is silent there.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from ctstudio.catalog.meddiff_recipe import ControlSettings
from ctstudio.nets.memory_layout import channels_last
from ctstudio.systems.meddiff_fm.config import MeddiffConfig
from ctstudio.systems.meddiff_fm.control import LesionControl
from ctstudio.systems.meddiff_fm.network import Denoiser
from ctstudio.systems.meddiff_fm.objective import Patches, loss
from ctstudio.training.patches import draw_lesion_patch, middle_patch, stacked
from ctstudio.training.regions import RegionVolume
from ctstudio.training.stage import Batch
from ctstudio.training.stages.meddiff_denoiser import draw_volumes

BESIDE = 5
"""Edge of the cube of voxels that counts as beside a lesion's voxel."""


class MeddiffControlStage:
    """Batches and loss.

    Args:
        control: What is trained.
        denoiser: Frozen, on the device where the ControlNet is trained.
        volumes: Of patients who have the lesion.
        settings: How.
    """

    def __init__(
        self, control: LesionControl, denoiser: Denoiser, volumes: Sequence[RegionVolume], settings: ControlSettings
    ) -> None:
        self.module, self._denoiser = channels_last(control), channels_last(denoiser.requires_grad_(False).eval())
        self.volumes, self._settings = volumes, settings

    def __len__(self) -> int:
        return len(self.volumes)

    @property
    def config(self) -> MeddiffConfig:
        """Sizes."""
        return self.module.config

    def draw(self, step: int, generator: torch.Generator) -> Batch:
        """Which patients, what decides which patch of each, at what time, with what noise."""
        return draw_volumes(len(self), self._settings.batch, self.config.patch, generator)

    def loss(self, batch: Batch) -> Tensor:
        """Absolute error of the steered prediction."""
        patches = self.patches(batch)
        weights = self._weights(patches)
        return loss(self._denoiser, patches, batch["timesteps"], batch["noise"], self.module, weights)

    def patches(self, batch: Batch) -> Patches:
        """The patches of a batch, on its device."""
        edge, around = self.config.patch, self._settings.around
        parts = [
            draw_lesion_patch(self.volumes[which], around, edge, np.random.default_rng(seed))
            for which, seed in zip(batch["which"].tolist(), batch["patch"].tolist(), strict=True)
        ]
        return stacked(parts, self.config, batch["noise"].device)

    def fixed(self, number: int) -> Patches:
        """The patch about the middle of a patient's lesions, on the network's device."""
        part = middle_patch(self.volumes[number], self.config.patch)
        return stacked([part], self.config, next(self.module.parameters()).device)

    def predict(self, patches: Patches) -> Callable[[Tensor, Tensor], Tensor]:
        """(x_t, timesteps) to the prediction with lesions where these patches have them."""
        where, region, lesion = (patches.coordinates, patches.anatomy), patches.region, patches.lesion
        told = self.module.condition(*where, torch.zeros_like(patches.x_0) if lesion is None else lesion)
        condition = self._denoiser.condition(*where)
        return lambda x_t, t: self._denoiser(x_t, t, condition, region, self.module(x_t, t, told, region))

    def _weights(self, patches: Patches) -> Tensor | None:
        """(B, 1, p, p, p) how much each voxel counts; None for all alike."""
        if self._settings.weight == 1.0 or patches.lesion is None:
            return None
        beside = functional.max_pool3d(patches.lesion, BESIDE, 1, BESIDE // 2)
        return 1.0 + (self._settings.weight - 1.0) * beside
