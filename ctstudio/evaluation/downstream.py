"""Does a segmenter that learns from generated slices as well read real ones better? As in the paper's table 6.

The same small MONAI U-Net is trained on real slices alone and on the same with generated ones added: the same number of
steps, the same batches, seeds and augmentation. A third training shows what the added slices could bring at best: those
same patients as scanned instead of generated.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from ctstudio.core.labels import values_of
from ctstudio.core.seeds import derived
from ctstudio.evaluation.kept import kept
from ctstudio.measure.noise_region import LIVER
from ctstudio.measure.overlap import dice, iou
from ctstudio.systems.na_diff.config import NaDiffConfig

SHRINK = 2
"""The segmenter sees slices this much smaller."""

TURN_RAD, SCALE, SHIFT = 0.15, 0.12, 0.12
"""Largest turn, change of size and shift (part of half the slice) of the augmentation."""

Told = Callable[[float, float, str], None]


@dataclass(frozen=True)
class Training:
    """How each segmenter is trained; `augment` turns, scales and shifts its slices a little."""

    steps: int = 400
    batch: int = 8
    seeds: int = 3
    learning_rate: float = 3e-3
    channels: tuple[int, ...] = (16, 32, 64, 128)
    augment: bool = False


@dataclass(frozen=True)
class Labelled:
    """Slices with labels.

    Attributes:
        images_hu: (N, y, x).
        labels: (N, y, x) uint8, standard table.
    """

    images_hu: NDArray[np.float32]
    labels: NDArray[np.uint8]

    def and_also(self, other: Labelled) -> Labelled:
        """These and others."""
        return Labelled(np.concatenate([self.images_hu, other.images_hu]), np.concatenate([self.labels, other.labels]))


@dataclass(frozen=True)
class Task:
    """What is segmented: the liver with its lesions, in slices seen through the window of the model that generates."""

    config: NaDiffConfig

    def prepared(self, slices: Labelled) -> tuple[Tensor, Tensor]:
        """Images (N, 1, y/2, x/2) in [-1, 1] and classes (N, 1, y/2, x/2) int64, 1 for the liver."""
        images = torch.from_numpy(self.config.window.to_unit(slices.images_hu))[:, None]
        liver = np.isin(slices.labels[:, ::SHRINK, ::SHRINK], values_of(LIVER))
        return functional.avg_pool2d(images, SHRINK), torch.from_numpy(liver.astype(np.int64))[:, None]


def compare(
    arms: Mapping[str, Labelled], test: Labelled, task: Task, training: Training, folder: Path, told: Told
) -> dict[str, Any]:
    """Train a segmenter of the liver on each arm, with several seeds, and read the test slices with all of them.

    Args:
        arms: Training slices by name; the first is what the others are compared with.
        test: Slices that nobody trained on.
        task: What is segmented.
        training: How.
        folder: Where the scores are kept.
        told: Called with runs done, runs in all, and words.

    Returns:
        `arms`: mean Dice and IoU by seed; `gains`: Dice less that of the first arm.
    """
    runs = list(product(range(training.seeds), arms))
    scores: dict[str, list[NDArray[np.float64]]] = {name: [] for name in arms}
    for done, (seed, name) in enumerate(runs):
        how = ", augmented" if training.augment else ""
        told(done, len(runs), f"Training a segmenter on {name.replace('_', ' ')}{how}")

        def run(name: str = name, seed: int = seed) -> NDArray[np.float64]:
            return scores_of(trained(task.prepared(arms[name]), training, seed), *task.prepared(test))

        scores[name].append(kept(folder / f"{name}_{seed}.npy", run))
    first = next(iter(arms))
    return {
        "training": asdict(training),
        "test_slices": len(test.labels),
        "arms": {name: _summary(np.stack(each), len(arms[name].labels)) for name, each in scores.items()},
        "gains": {
            name: _rounded(np.stack(scores[name])[:, 0] - np.stack(scores[first])[:, 0]) for name in list(arms)[1:]
        },
    }


def trained(data: tuple[Tensor, Tensor], training: Training, seed: int) -> nn.Module:
    """A U-Net trained on images and classes as `Task.prepared` gives them, in evaluation mode."""
    from monai.losses import DiceCELoss
    from monai.networks.nets import UNet

    torch.manual_seed(derived(seed, "downstream network"))
    generator = torch.Generator().manual_seed(derived(seed, "downstream batches"))
    network = UNet(2, 1, 2, training.channels, (2,) * (len(training.channels) - 1), num_res_units=1)
    optimizer = torch.optim.AdamW(network.parameters(), training.learning_rate)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, training.learning_rate, total_steps=training.steps)
    loss_of = DiceCELoss(to_onehot_y=True, softmax=True, include_background=False)
    for _ in range(training.steps):
        rows = torch.randint(len(data[0]), (training.batch,), generator=generator)
        images, classes = data[0][rows], data[1][rows]
        if training.augment:
            images, classes = moved(images, classes, generator)
        loss = loss_of(network(images), classes)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    return network.eval()


def moved(images: Tensor, classes: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Both turned, scaled and shifted a little, each pair in its own way."""
    draw = 2.0 * torch.rand(len(images), 4, generator=generator) - 1.0
    angle, scale = TURN_RAD * draw[:, 0], 1.0 + SCALE * draw[:, 1]
    cos, sin, shift = torch.cos(angle) * scale, torch.sin(angle) * scale, SHIFT * draw[:, 2:]
    theta = torch.stack([torch.stack([cos, -sin, shift[:, 0]], 1), torch.stack([sin, cos, shift[:, 1]], 1)], 1)
    grid = functional.affine_grid(theta, list(images.shape), align_corners=False)
    return (
        functional.grid_sample(images, grid, padding_mode="border", align_corners=False),
        functional.grid_sample(classes.float(), grid, mode="nearest", align_corners=False).long(),
    )


@torch.no_grad()
def scores_of(network: nn.Module, images: Tensor, classes: Tensor) -> NDArray[np.float64]:
    """Mean Dice and IoU of the liver over the slices, (2,)."""
    read = torch.cat([network(part).argmax(dim=1) for part in images.split(8)]).numpy() == 1
    truth = classes[:, 0].numpy() == 1
    return np.array([[measure(r, t) for r, t in zip(read, truth, strict=True)] for measure in (dice, iou)]).mean(axis=1)


def _summary(scores: NDArray[np.float64], slices: int) -> dict[str, Any]:
    """Of scores (seeds, 2)."""
    return {"slices": slices, "dice": _rounded(scores[:, 0]), "iou": _rounded(scores[:, 1])}


def _rounded(values: NDArray[np.float64]) -> dict[str, Any]:
    by_seed = [round(float(value), 4) for value in values]
    return {"mean": round(float(np.mean(values)), 4), "sd": round(float(np.std(values)), 4), "by_seed": by_seed}
