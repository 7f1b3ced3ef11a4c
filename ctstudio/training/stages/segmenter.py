"""The phantom segmenter, trained on noisy phantom slices at all doses; used only to measure."""

from __future__ import annotations

import numpy as np
import torch
from monai.losses import DiceCELoss
from monai.networks.nets import BasicUNet
from torch import Tensor

from ctstudio.systems.na_diff.conditions import LabelGroups
from ctstudio.systems.na_diff.config import NaDiffConfig
from ctstudio.training.phantom_slices import PhantomSlices
from ctstudio.training.recipe import SegmenterSettings


class SegmenterStage:
    """Batches and loss."""

    def __init__(
        self,
        segmenter: BasicUNet,
        slices: PhantomSlices,
        settings: SegmenterSettings,
        config: NaDiffConfig,
        groups: LabelGroups,
    ) -> None:
        self.module, self._slices, self._settings, self._config = segmenter, slices, settings, config
        self._table = groups.parents.clone()
        self._loss = DiceCELoss(to_onehot_y=True, softmax=True, include_background=False, lambda_dice=0.5)

    def loss(self, step: int, generator: torch.Generator) -> Tensor:
        """Cross-entropy and Dice over the groups; findings count as what they are part of."""
        which = torch.randint(len(self._slices), (self._settings.batch,), generator=generator).numpy()
        realisation = torch.randint(self._slices.noise_hu.shape[1], (len(which),), generator=generator).numpy()
        noise = self._slices.noise_hu[which, realisation].astype(np.float32)
        image = torch.from_numpy(self._config.window.to_unit(self._slices.ct_hu[which] + noise))[:, None]
        target = self._table[torch.from_numpy(self._slices.labels[which]).long()][:, None]  # (B, 1, H, W)
        with torch.autocast("cpu", torch.bfloat16):
            logits = self.module(image)
        return self._loss(logits.float(), target)  # type: ignore[no-any-return]
