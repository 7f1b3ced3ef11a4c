"""The segmenter that reads CTs, trained on phantom volumes, each softened, moved and made noisy a little."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from monai.losses import DiceCELoss
from monai.networks.utils import pixelunshuffle
from numpy.typing import NDArray
from torch import Tensor

from ctstudio.catalog.reader_settings import ReaderSettings
from ctstudio.nets.volume_segmenter import FOLD, VolumeSegmenter
from ctstudio.training.boxes import part_of
from ctstudio.training.reader_targets import ReaderTarget
from ctstudio.training.stage import Batch

AIR_HU = -1024.0
FOLDS = 32
"""Sides that the network takes are multiples of this."""
WHOLE = 0.03
"""The last part of the steps sees whole volumes, so that group norms fit them."""


class ReaderStage:
    """Batches and loss.

    Args:
        segmenter: Scores of regions, then of details, each with a background before it.
        volumes: One a patient.
        settings: How much each volume is changed.
        classes: How many regions there are, and how many details.
        rare: Numbers of regions that are small, or seldom there.
    """

    def __init__(
        self,
        segmenter: VolumeSegmenter,
        volumes: Sequence[ReaderTarget],
        settings: ReaderSettings,
        classes: tuple[int, int],
        rare: tuple[int, ...] = (),
    ) -> None:
        self.module, self._volumes, self._settings = segmenter, volumes, settings
        self.rare, self._classes = rare, classes
        self._loss = DiceCELoss(to_onehot_y=True, softmax=True, include_background=False, lambda_dice=0.5)

    def draw(self, step: int, generator: torch.Generator) -> Batch:
        """Which volumes, which part of each, and how it is changed; towards the end whole volumes."""
        count, most = self._settings.batch, self._settings
        drawn = torch.rand(count, 6, generator=generator)
        which = torch.randint(len(self._volumes), (count,), generator=generator)
        shapes = torch.tensor([self._volumes[row].ct_hu.shape for row in which.tolist()])
        crop = shapes.amax(dim=0) + (-shapes.amax(dim=0) % FOLDS)
        if step < (1.0 - WHOLE) * most.steps:
            crop = torch.minimum(crop, torch.tensor(most.crop))
        reach = most.shift_voxels
        room = (shapes - crop).clamp(min=0) + 2 * reach  # a part may reach beyond the volume
        return {
            "which": which,
            "corner": (drawn[:, :3] * (room + 1)).long() - reach,
            "size": crop.expand(count, 3),
            "blur": most.blur_voxels * drawn[:, 3],
            "noise_hu": most.noise_hu * drawn[:, 4],
            "offset_hu": most.offset_hu * (2.0 * drawn[:, 5] - 1.0),
            "noise": torch.randint(2**31, (count,), generator=generator),
        }

    @property
    def split(self) -> list[int]:
        """Channels of the scores of regions and of details, with their backgrounds."""
        return [count + 1 for count in self._classes]

    def loss(self, batch: Batch) -> Tensor:
        """Cross-entropy and Dice of the regions, and of the details within them; the look is not asked."""
        device = batch["which"].device
        rows = [self.changed(batch, row) for row in range(len(batch["which"]))]
        images = torch.from_numpy(np.stack([image for image, _ in rows]))[:, None].to(device)  # (B, 1, D, H, W)
        targets = torch.from_numpy(np.stack([target for _, target in rows])).to(device)  # (B, 2, D, H, W)
        scores = self.module.folded(images).float().unflatten(1, (-1, FOLD**3))  # (B, classes, 8, D/2, H/2, W/2)
        first, second = (pixelunshuffle(targets[:, n : n + 1], 3, FOLD)[:, None] for n in (0, 1))
        regions, details = scores.split(self.split, dim=1)
        loss = self._loss(regions, first)
        return loss + self._loss(details, second) if self._classes[1] else loss  # type: ignore[no-any-return]

    def changed(self, batch: Batch, row: int) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
        """A part of one volume in [-1, 1] and its targets (2, D, H, W)."""
        from scipy import ndimage

        found = self._volumes[int(batch["which"][row])]
        corner, size = batch["corner"][row].tolist(), batch["size"][row].tolist()
        hu = part_of(found.ct_hu, corner, size, AIR_HU).astype(np.float32)
        ndimage.gaussian_filter(hu, float(batch["blur"][row]), output=hu, truncate=2.5, mode="nearest")
        random = np.random.default_rng(int(batch["noise"][row]))
        hu += np.float32(batch["noise_hu"][row]) * random.standard_normal(hu.shape, dtype=np.float32)
        targets = np.stack([part_of(each, corner, size, 0) for each in (found.regions, found.details)])
        return found.window.to_unit(hu + np.float32(batch["offset_hu"][row])), targets
