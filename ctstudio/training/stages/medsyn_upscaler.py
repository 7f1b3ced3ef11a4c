"""MedSyn's upscaler, trained on parts of fine chests beside the same parts made coarse.

Source: MedSyn, section III-C, and the released training code: the coarse volume is mixed with up to 40 % noise, so that
the upscaler forgives the base network's faults; it is not told how much.
Differs: towards the end parts may span whole slices, so that the group normalisation meets what it will meet when it
upscales whole volumes.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional

from ctstudio.catalog.medsyn_recipe import UpscalerSettings
from ctstudio.nets.memory_layout import channels_last, laid_out
from ctstudio.systems.medsyn.channels import lowered, raised
from ctstudio.systems.medsyn.network import Upscaler
from ctstudio.systems.medsyn.sampling import Predict
from ctstudio.systems.medsyn.schedule import LARGEST_TIME, blurred_condition, noised, stratified_times
from ctstudio.training.chests import FineChests
from ctstudio.training.stage import Batch


class UpscalerStage:
    """Batches and loss.

    Args:
        network: What is trained.
        chests: What to make parts of.
        factor: Fine voxels to a coarse one.
        lowering: How fine becomes coarse, "nearest" or "mean".
        settings: How.
    """

    def __init__(
        self, network: Upscaler, chests: FineChests, factor: int, lowering: str, settings: UpscalerSettings
    ) -> None:
        self.module, self._chests, self._settings = channels_last(network), chests, settings
        self.factor, self.lowering = factor, lowering

    def __len__(self) -> int:
        return len(self._chests)

    def draw(self, step: int, generator: torch.Generator) -> Batch:
        """Which parts, whose corners lie on coarse voxels, at what time, with what noise."""
        side = self.module.config.side
        crop = self._crop(step)
        count = max(1, self._settings.batch * math.prod(self._settings.crop) // math.prod(crop))
        corners = [
            torch.randint((side - edge) // self.factor + 1, (count,), generator=generator) * self.factor
            for edge in crop
        ]
        coarse = [edge // self.factor for edge in crop]
        return {
            "which": torch.randint(len(self), (count,), generator=generator),
            "corner": torch.stack(corners, dim=1),
            "t": stratified_times(count, generator),
            "noise": torch.randn(count, 4, *crop, generator=generator),
            "share": self._settings.noise_share * torch.rand(count, generator=generator),
            "coarse_noise": torch.randn(count, 4, *coarse, generator=generator),
        }

    def _crop(self, step: int) -> tuple[int, int, int]:
        """Edges (z, y, x) of the parts of a step."""
        settings, side = self._settings, self.module.config.side
        if not settings.slab or step < (1 - settings.slab_share) * settings.steps:
            return settings.crop
        return settings.slab, side, side

    def slices(self, which: int) -> Tensor:
        """(1, 4, D, side, side): whole slices from the middle of a chest, as deep as a part."""
        side, depth = self.module.config.side, self._settings.crop[0]
        low = (side - depth) // 2 // self.factor * self.factor
        return self._chests.part(which, (low, 0, 0), (depth, side, side))[None]

    def loss(self, batch: Batch) -> Tensor:
        """Mean squared error of the clean part."""
        made, x_0 = self.made(batch)
        return functional.mse_loss(made.float(), x_0)

    def made(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """What the network makes of a noised batch, and what it should have made, (B, 4, *crop) each."""
        x_0, predict = self.posed(batch)
        return predict(noised(x_0, batch["noise"], batch["t"]), batch["t"]), x_0

    def posed(self, batch: Batch) -> tuple[Tensor, Predict]:
        """The clean parts (B, 4, *crop), and the network beside their coarse ones: (x_t, t in 0..1) to x_0."""
        noise, network = batch["noise"], self.module
        rows = zip(batch["which"].tolist(), batch["corner"].tolist(), strict=True)
        crop = (noise.shape[2], noise.shape[3], noise.shape[4])
        parts = [self._chests.part(which, (z, y, x), crop) for which, (z, y, x) in rows]
        x_0 = torch.stack(parts).to(noise.device)  # (B, 4, *crop)
        coarse = blurred_condition(lowered(x_0, self.factor, self.lowering), batch["share"], batch["coarse_noise"])
        seen = laid_out(raised(coarse, self.factor))
        return x_0, lambda x_t, t: network(laid_out(x_t), t * LARGEST_TIME, seen)
