"""The phantom segmenter, trained on noisy phantom slices at all doses; used only to measure."""

from __future__ import annotations

import torch
from monai.losses import DiceCELoss
from monai.networks.nets import BasicUNet
from torch import Tensor

from ctstudio.catalog.recipe import SegmenterSettings
from ctstudio.systems.na_diff.conditions import LabelGroups
from ctstudio.systems.na_diff.config import NaDiffConfig
from ctstudio.training.slices import Slices
from ctstudio.training.stage import Batch


class SegmenterStage:
    """Batches and loss."""

    def __init__(
        self,
        segmenter: BasicUNet,
        slices: Slices,
        settings: SegmenterSettings,
        config: NaDiffConfig,
        groups: LabelGroups,
    ) -> None:
        self.module, self._slices, self._settings, self._config = segmenter, slices, settings, config
        self._table = groups.parents.clone()
        self._loss = DiceCELoss(to_onehot_y=True, softmax=True, include_background=False, lambda_dice=0.5)

    def draw(self, step: int, generator: torch.Generator) -> Batch:
        """Which slices, and which of their noise realisations."""
        return self._slices.drawn(self._settings.batch, generator)

    def loss(self, batch: Batch) -> Tensor:
        """Cross-entropy and Dice over the groups; findings count as what they are part of."""
        device = batch["which"].device
        which, realisation = batch["which"].cpu().numpy(), batch["realisation"].cpu().numpy()
        image = torch.from_numpy(self._config.window.to_unit(self._slices.image_hu(which, realisation)))[:, None].to(
            device
        )
        target = self._table[torch.from_numpy(self._slices.labels[which]).long()][:, None].to(device)  # (B, 1, H, W)
        return self._loss(self.module(image).float(), target)  # type: ignore[no-any-return]
