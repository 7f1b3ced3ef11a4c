"""The layout network, trained on the label maps of the phantom slices, each moved, turned and scaled a little."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from ctstudio.systems.na_diff.conditions import LabelGroups, drop_groups
from ctstudio.systems.na_diff.layout import LayoutNetwork, layout_loss
from ctstudio.training.recipe import StageSettings

SCALING, TURN_DEGREES, SHIFT = 0.1, 5.0, 0.05
"""Limits of scaling, turning and shifting; the shift is a part of half the field of view."""


class LayoutStage:
    """Batches and loss."""

    def __init__(
        self, network: LayoutNetwork, labels: NDArray[np.uint8], settings: StageSettings, groups: LabelGroups
    ) -> None:
        self.module, self._labels, self._settings, self._groups = network, labels, settings, groups

    def loss(self, step: int, generator: torch.Generator) -> Tensor:
        """Loss of one batch, with labels dropped at random."""
        which = torch.randint(len(self._labels), (self._settings.batch,), generator=generator).numpy()
        labels = moved(torch.from_numpy(self._labels[which]), generator)  # (B, 256, 256)
        given = drop_groups(len(labels), self._groups, generator)
        with torch.autocast("cpu", torch.bfloat16):
            return layout_loss(self.module, labels, given, self._groups, generator)


def moved(labels: Tensor, generator: torch.Generator) -> Tensor:
    """Label maps (B, H, W), each under an affine map of its own, by nearest neighbour; uint8."""
    count = len(labels)
    drawn = 2 * torch.rand(count, 5, generator=generator) - 1  # (B, 5), turn, two scales, two shifts
    angle = torch.deg2rad(TURN_DEGREES * drawn[:, 0])
    scale_x, scale_y = (1 + SCALING * drawn[:, 1:3]).T
    rows = [
        torch.stack([angle.cos() * scale_x, -angle.sin() * scale_y, SHIFT * drawn[:, 3]], dim=1),
        torch.stack([angle.sin() * scale_x, angle.cos() * scale_y, SHIFT * drawn[:, 4]], dim=1),
    ]
    grid = functional.affine_grid(torch.stack(rows, dim=1), [count, 1, *labels.shape[1:]], align_corners=False)
    return functional.grid_sample(labels[:, None].float(), grid, mode="nearest", align_corners=False)[:, 0].byte()
