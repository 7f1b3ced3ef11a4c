"""What the loop asks of a stage: draw what is random, and say the loss of a part of it."""

from __future__ import annotations

import math
from typing import Protocol

import torch
from torch import Tensor, nn

Batch = dict[str, Tensor]
"""Tensors on the CPU whose first dimension is the batch."""


class Stage(Protocol):
    """One network in training.

    A batch is drawn whole, from the step's own generator, by every process alike; then it is shared out. So a run gives
    the same weights on one process or many, in one part or several, up to rounding; only a loss that compares samples
    with each other, as CLIP's, depends on which samples it is given together.
    """

    @property
    def module(self) -> nn.Module:
        """What is trained."""
        ...

    def draw(self, step: int, generator: torch.Generator) -> Batch:
        """All that is random in a step: which samples, their timesteps, their noise."""
        ...

    def loss(self, batch: Batch) -> Tensor:
        """Mean loss over a batch, or a part of one, that lies on the module's device; a scalar."""
        ...


class Lossy(nn.Module):
    """A stage as one module, so that gradients of all its parts are averaged over processes."""

    def __init__(self, stage: Stage) -> None:
        super().__init__()
        self.module = stage.module
        self._stage = [stage]  # in a list, so that it is no submodule

    def forward(self, batch: Batch) -> Tensor:
        """The stage's loss."""
        return self._stage[0].loss(batch)


def shared_out(batch: Batch, parts: int) -> list[Batch]:
    """A batch in equal parts; when that cannot be, each sample comes several times, which keeps the mean."""
    size = len(next(iter(batch.values())))
    times = math.lcm(size, parts) // size
    if times > 1:
        batch = {key: value.repeat_interleave(times, dim=0) for key, value in batch.items()}
    each = size * times // parts
    return [
        {key: value[first : first + each] for key, value in batch.items()} for first in range(0, each * parts, each)
    ]
