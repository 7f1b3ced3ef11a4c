"""The layout network, trained on the label maps of the phantom slices, each moved, turned and scaled a little."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from ctstudio.catalog.recipe_parts import StageSettings
from ctstudio.diffusion.schedules import stratified_timesteps
from ctstudio.systems.na_diff.conditions import LabelGroups, drop_groups
from ctstudio.systems.na_diff.layout import LayoutNetwork, layout_loss
from ctstudio.training.stage import Batch

SCALING, TURN_DEGREES, SHIFT = 0.1, 5.0, 0.05
"""Limits of scaling, turning and shifting; the shift is a part of half the field of view."""


class LayoutStage:
    """Batches and loss."""

    def __init__(
        self, network: LayoutNetwork, labels: NDArray[np.uint8], settings: StageSettings, groups: LabelGroups
    ) -> None:
        self.module, self._labels, self._settings, self._groups = network, labels, settings, groups

    def draw(self, step: int, generator: torch.Generator) -> Batch:
        """Which slices, how each is moved, which of its labels are told, and the noise."""
        count, side = self._settings.batch, self.module.side
        return {
            "which": torch.randint(len(self._labels), (count,), generator=generator),
            "maps": affine_maps(count, generator),
            "given": drop_groups(count, self._groups, generator),
            "timesteps": stratified_timesteps(count, generator),
            "noise": torch.randn(count, len(self._groups.names) + 1, side, side, generator=generator),
        }

    def loss(self, batch: Batch) -> Tensor:
        """Cross-entropy of the layouts."""
        labels = torch.from_numpy(self._labels[batch["which"].cpu().numpy()]).to(batch["which"].device)
        labels = moved(labels, batch["maps"])  # (B, 256, 256)
        return layout_loss(self.module, labels, batch["given"], self._groups, batch["timesteps"], batch["noise"])


def affine_maps(count: int, generator: torch.Generator) -> Tensor:
    """(count, 2, 3) random maps from output to input coordinates, each in [-1, 1]: turned, scaled, shifted a little."""
    drawn = 2 * torch.rand(count, 5, generator=generator) - 1  # (B, 5), turn, two scales, two shifts
    angle = torch.deg2rad(TURN_DEGREES * drawn[:, 0])
    scale_x, scale_y = (1 + SCALING * drawn[:, 1:3]).T
    rows = [
        torch.stack([angle.cos() * scale_x, -angle.sin() * scale_y, SHIFT * drawn[:, 3]], dim=1),
        torch.stack([angle.sin() * scale_x, angle.cos() * scale_y, SHIFT * drawn[:, 4]], dim=1),
    ]
    return torch.stack(rows, dim=1)


def moved(labels: Tensor, maps: Tensor) -> Tensor:
    """Label maps (B, H, W), each under its own affine map (B, 2, 3), by nearest neighbour; uint8."""
    grid = functional.affine_grid(maps, [len(labels), 1, *labels.shape[1:]], align_corners=False)
    return functional.grid_sample(labels[:, None].float(), grid, mode="nearest", align_corners=False)[:, 0].byte()
