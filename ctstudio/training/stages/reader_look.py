"""The reader's look at each voxel, trained on voxels that the finished U-Net has scored, rare structures more often."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from ctstudio.catalog.recipe_parts import StageSettings
from ctstudio.diffusion.noise import generator_for
from ctstudio.training.stage import Batch
from ctstudio.training.stages.reader import ReaderStage

RARE, COMMON = 8000, 12000
"""Voxels taken of each volume: among details, rare regions and the rims of regions, and among all others."""


@dataclass(frozen=True)
class SeenVoxels:
    """Voxels as the look sees them.

    Attributes:
        seen: (N, classes + LOCAL) float32.
        regions, details: (N,) uint8, the truth.
        weight: (N,) float32, how many voxels each stands for.
    """

    seen: Tensor
    regions: Tensor
    details: Tensor
    weight: Tensor


@torch.no_grad()
def seen_voxels(stage: ReaderStage, draws: int, seed: int) -> SeenVoxels:
    """Voxels of so many draws of the U-Net's own training, scored by it."""
    stage.module.eval()
    parts: list[tuple[Tensor, ...]] = []
    for number in range(draws):
        batch = stage.draw(0, generator_for(seed, "look", number))
        image, targets = stage.changed(batch, 0)
        seen = stage.module.seen(torch.from_numpy(image)[None, None].to(_device(stage.module)))[0].flatten(1).cpu()
        chosen, weight = _chosen(targets, stage.rare, np.random.default_rng(number))
        rows = torch.from_numpy(chosen)
        named = [torch.from_numpy(each.ravel()[chosen]) for each in targets]
        parts.append((seen[:, rows].T.contiguous(), *named, torch.from_numpy(weight)))
    return SeenVoxels(*(torch.cat(each) for each in zip(*parts, strict=True)))


def _chosen(
    targets: NDArray[np.uint8], few: tuple[int, ...], random: np.random.Generator
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Places in a flattened volume, and how many voxels each stands for; targets (2, D, H, W)."""
    from scipy import ndimage

    regions, details = targets
    rim = ndimage.maximum_filter(regions, 3) != ndimage.minimum_filter(regions, 3)
    rare = ((details > 0) | np.isin(regions, few) | rim).ravel()
    places, weights = [], []
    for group, wanted in ((np.flatnonzero(rare), RARE), (np.flatnonzero(~rare), COMMON)):
        if len(group):
            picked = random.choice(group, min(wanted, len(group)), replace=False)
            places.append(picked)
            weights.append(np.full(len(picked), len(group) / len(picked), np.float32))
    return np.concatenate(places), np.concatenate(weights)


class LookStage:
    """Batches and loss.

    Args:
        reader: The stage of the U-Net, which is left alone.
        voxels: To learn from.
        settings: `batch` counts voxels.
    """

    def __init__(self, reader: ReaderStage, voxels: SeenVoxels, settings: StageSettings) -> None:
        self.module: nn.Module = reader.module.look
        self._reader, self._voxels, self._settings = reader, voxels, settings

    def draw(self, step: int, generator: torch.Generator) -> Batch:
        """Which voxels."""
        return {"which": torch.randint(len(self._voxels.seen), (self._settings.batch,), generator=generator)}

    def loss(self, batch: Batch) -> Tensor:
        """Cross-entropy and Dice of regions and details, each voxel counted for those it stands for."""
        device, rows = batch["which"].device, batch["which"].cpu()
        voxels = self._voxels
        seen = voxels.seen[rows].to(device)[:, :, None, None, None]
        scores = self._reader.module.named(seen).float()[:, :, 0, 0, 0]  # (B, classes)
        weight = voxels.weight[rows].to(device)
        regions, details = scores.split(self._reader.split, dim=1)
        first, second = (each[rows].long().to(device) for each in (voxels.regions, voxels.details))
        return _weighted_loss(regions, first, weight) + _weighted_loss(details, second, weight)


def _weighted_loss(scores: Tensor, target: Tensor, weight: Tensor) -> Tensor:
    """Scores (B, classes), target (B,), weight (B,) to a scalar."""
    entropy = (functional.cross_entropy(scores, target, reduction="none") * weight).sum() / weight.sum()
    truth = functional.one_hot(target, scores.shape[1])[:, 1:] * weight[:, None]
    share = scores.softmax(dim=1)[:, 1:]
    shared, total = (share * truth).sum(dim=0), (share * weight[:, None]).sum(dim=0) + truth.sum(dim=0)
    there = truth.sum(dim=0) > 0
    return entropy + 0.5 * (1.0 - 2.0 * shared[there] / total[there]).sum() / there.sum().clamp(min=1)


def _device(module: nn.Module) -> torch.device:
    return next(module.parameters()).device
