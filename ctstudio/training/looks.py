"""How a diffusion network in training is judged: its loss on patients it never saw, and the same few samples again."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import nn

from ctstudio.catalog.recipe_parts import RunSettings
from ctstudio.core.volume import Volume
from ctstudio.diffusion.noise import generator_for
from ctstudio.training.stage import Stage

ROUNDS = 4
"""Batches of a validation."""
SEED = 1


class LossLooker:
    """The looker of a network: `training.recorder.Looker`.

    Args:
        held: A stage over patients of the validation part, with the network that is trained.
        settings: How many samples, and in what precision.
        sample: Makes the sample of a number: its title and a slice of it.
        most: Samples that can be made.
    """

    def __init__(
        self, held: Stage, settings: RunSettings, sample: Callable[[int], tuple[str, Volume]], most: int
    ) -> None:
        self._held, self._settings = held, settings
        self._sample, self._count = sample, min(settings.samples, most)

    @torch.no_grad()
    def figures(self, module: nn.Module) -> tuple[dict[str, float], str]:
        """The loss over the same patients, times and noise at every look."""
        device, losses = next(module.parameters()).device, []
        for number in range(ROUNDS):
            batch = self._held.draw(0, generator_for(SEED, "validation", number))
            with self._precision(device):
                losses.append(float(self._held.loss({key: value.to(device) for key, value in batch.items()})))
        return {"validation_loss": sum(losses) / len(losses)}, "validation_loss"

    @torch.no_grad()
    def samples(self, module: nn.Module) -> list[tuple[str, Volume]]:
        """A slice of each of a few fixed samples."""
        with self._precision(next(module.parameters()).device):
            return [self._sample(number) for number in range(self._count)]

    def _precision(self, device: torch.device) -> torch.autocast:
        return torch.autocast(device.type, torch.bfloat16, enabled=self._settings.precision == "bf16")
