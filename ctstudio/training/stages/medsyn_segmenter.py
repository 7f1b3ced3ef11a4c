"""The segmenter that reads chest CTs, trained on phantom volumes, each softened, moved and made noisy a little."""

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
from ctstudio.systems.medsyn.reading import AIR_HU, DETAILS, REGIONS, to_unit
from ctstudio.training.boxes import part_of
from ctstudio.training.chest_targets import ChestTarget
from ctstudio.training.stage import Batch

WHOLE = 0.03
"""The last part of the steps sees whole volumes, so that group norms fit them."""


class MedsynSegmenterStage:
    """Batches and loss.

    Args:
        segmenter: Scores of `REGIONS` and `DETAILS`, each with a background before it.
        volumes: One a patient, all of one shape.
        settings: How much each volume is changed.
    """

    def __init__(self, segmenter: VolumeSegmenter, volumes: Sequence[ChestTarget], settings: ReaderSettings) -> None:
        self.module, self._volumes, self._settings = segmenter, volumes, settings
        self._loss = DiceCELoss(to_onehot_y=True, softmax=True, include_background=False, lambda_dice=0.5)

    def draw(self, step: int, generator: torch.Generator) -> Batch:
        """Which volumes, which part of each, and how it is changed; towards the end whole volumes."""
        count, most = self._settings.batch, self._settings
        shape = torch.tensor(self._volumes[0].ct_hu.shape)
        whole = step >= (1.0 - WHOLE) * most.steps
        crop = shape if whole else torch.minimum(shape, torch.tensor(most.crop))
        reach = most.shift_voxels
        room = (shape - crop) + 2 * reach  # a part may reach beyond the volume
        drawn = torch.rand(count, 6, generator=generator)
        return {
            "which": torch.randint(len(self._volumes), (count,), generator=generator),
            "corner": (drawn[:, :3] * (room + 1)).long() - reach,
            "size": crop.expand(count, 3),
            "blur": most.blur_voxels * drawn[:, 3],
            "noise_hu": most.noise_hu * drawn[:, 4],
            "offset_hu": most.offset_hu * (2.0 * drawn[:, 5] - 1.0),
            "noise": torch.randint(2**31, (count,), generator=generator),
        }

    def loss(self, batch: Batch) -> Tensor:
        """Cross-entropy and Dice of the regions, and of the details within them; the look is not asked."""
        device = batch["which"].device
        rows = [self.changed(batch, row) for row in range(len(batch["which"]))]
        images = torch.from_numpy(np.stack([image for image, _ in rows]))[:, None].to(device)  # (B, 1, D, H, W)
        targets = torch.from_numpy(np.stack([target for _, target in rows])).to(device)  # (B, 2, D, H, W)
        scores = self.module.folded(images).float().unflatten(1, (-1, FOLD**3))  # (B, classes, 8, D/2, H/2, W/2)
        first, second = (pixelunshuffle(targets[:, n : n + 1], 3, FOLD)[:, None] for n in (0, 1))
        regions, details = scores.split([len(REGIONS) + 1, len(DETAILS) + 1], dim=1)
        return self._loss(regions, first) + self._loss(details, second)  # type: ignore[no-any-return]

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
        return to_unit(hu + np.float32(batch["offset_hu"][row])), targets
