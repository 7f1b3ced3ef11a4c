"""Whether generated chests help a classifier that has few real ones: effusion, and dense lung."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from ctstudio.core.errors import ParameterError
from ctstudio.diffusion.noise import generator_for

FINDINGS = ("effusion", "consolidation")
"""The paper's pleural effusion and lung opacity."""

SIDE = 32
"""Voxels along each side of what the classifier sees."""

SHIFT = 2
"""How far volumes are moved while it learns, voxels."""


@dataclass(frozen=True)
class Labelled:
    """Volumes with what they show.

    Attributes:
        volumes: (N, 1, 32, 32, 32) float32 in [-1, 1].
        present: (N, findings) bool, in the order of `FINDINGS`.
    """

    volumes: Tensor
    present: Tensor

    def joined(self, other: Labelled) -> Labelled:
        """Both together."""
        return Labelled(torch.cat([self.volumes, other.volumes]), torch.cat([self.present, other.present]))

    def at(self, rows: Tensor) -> Labelled:
        """Some of them."""
        return Labelled(self.volumes[rows], self.present[rows])


def labelled(units: Sequence[NDArray[np.float32]], present: Sequence[Sequence[bool]]) -> Labelled:
    """Volumes (z, y, x) in [-1, 1] of any size, averaged down, with what each shows."""
    volumes = torch.stack([functional.adaptive_avg_pool3d(torch.from_numpy(u)[None], SIDE) for u in units])
    return Labelled(volumes, torch.tensor([list(row) for row in present], dtype=torch.bool))


def augmentation_scores(
    real: Labelled, synthetic: Labelled, test: Labelled, repeats: int = 5, steps: int = 150
) -> dict[str, dict[str, list[float]]]:
    """Accuracy and F1 of classifiers trained on real volumes, and on real and synthetic ones, each several times.

    Args:
        real: Few.
        synthetic: More of the same.
        test: Real ones that nobody trained on.
        repeats: Classifiers of each kind; each leaves another fifth of the real volumes out.
        steps: Of each training.

    Returns:
        By "FINDING accuracy" and "FINDING F1" the values of "real" and of "real and synthetic".

    Raises:
        ParameterError: There are fewer than five real volumes.

    Source: MedSyn, section V-E. Differs: a small network on small volumes, one for both findings.
    """
    if len(real.volumes) < 5:
        raise ParameterError("A classifier needs at least five real volumes.", "Ask for more volumes.")
    scores: dict[str, dict[str, list[float]]] = {}
    for repeat in range(repeats):
        order = torch.randperm(len(real.volumes), generator=generator_for(repeat, "folds"))
        kept = real.at(order[len(order) // 5 :])
        for name, learned in (("real", kept), ("real and synthetic", kept.joined(synthetic))):
            guesses = _guesses(_trained(learned, repeat, steps), test.volumes)
            for column, finding in enumerate(FINDINGS):
                accuracy, f1 = _scored(guesses[:, column], test.present[:, column])
                scores.setdefault(f"{finding} accuracy", {}).setdefault(name, []).append(accuracy)
                scores.setdefault(f"{finding} F1", {}).setdefault(name, []).append(f1)
    return scores


def _network() -> nn.Sequential:
    layers: list[nn.Module] = []
    for before, after in ((1, 12), (12, 24), (24, 48)):
        layers += [nn.Conv3d(before, after, 3, stride=2, padding=1), nn.GroupNorm(4, after), nn.SiLU()]
    return nn.Sequential(*layers, nn.AdaptiveAvgPool3d(2), nn.Flatten(), nn.Dropout(0.2), nn.Linear(384, len(FINDINGS)))


def _trained(learned: Labelled, seed: int, steps: int) -> nn.Module:
    generator = generator_for(seed, "classifier")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = _network()
        optimiser = torch.optim.AdamW(network.parameters(), lr=2e-3, weight_decay=1e-2)
        for _ in range(steps):
            rows = torch.randint(len(learned.volumes), (16,), generator=generator)
            shift = tuple(torch.randint(-SHIFT, SHIFT + 1, (3,), generator=generator).tolist())
            volumes = torch.roll(learned.volumes[rows], shift, dims=(2, 3, 4))
            loss = functional.binary_cross_entropy_with_logits(network(volumes), learned.present[rows].float())
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
    return network.eval()


@torch.no_grad()
def _guesses(network: nn.Module, volumes: Tensor) -> Tensor:
    """(N, findings) bool."""
    return torch.cat([network(part) for part in volumes.split(16)]) > 0


def _scored(guess: Tensor, truth: Tensor) -> tuple[float, float]:
    """Accuracy and F1."""
    hit = int((guess & truth).sum())
    wrong = int((guess != truth).sum())
    f1 = 2 * hit / (2 * hit + wrong) if hit + wrong else 1.0
    return float((guess == truth).float().mean()), f1
