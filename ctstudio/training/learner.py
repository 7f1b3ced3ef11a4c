"""A module in training, with its optimiser and the moving average of its weights."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, nn


@dataclass(frozen=True)
class Learner:
    """What a checkpoint holds: a module, its optimiser, and the moving average of its trained weights."""

    module: nn.Module
    optimiser: torch.optim.AdamW
    average: dict[str, Tensor]

    @staticmethod
    def of(module: nn.Module, learning_rate: float, weight_decay: float) -> Learner:
        """A learner that has learned nothing yet."""
        trained = {name: p for name, p in module.named_parameters() if p.requires_grad}
        optimiser = torch.optim.AdamW(trained.values(), lr=learning_rate, weight_decay=weight_decay)
        return Learner(module, optimiser, {name: p.detach().clone() for name, p in trained.items()})

    def settle(self) -> None:
        """Put the moving average into the module for good."""
        _fill(self, self.average)

    def trained(self) -> dict[str, nn.Parameter]:
        """The weights that are trained, by name."""
        return {name: p for name, p in self.module.named_parameters() if p.requires_grad}


@contextmanager
def averaged(learner: Learner) -> Iterator[nn.Module]:
    """The module with its moving average in it, in evaluation mode; its own weights come back afterwards."""
    own = {name: p.detach().clone() for name, p in learner.trained().items()}
    try:
        _fill(learner, learner.average)
        yield learner.module.eval()
    finally:
        _fill(learner, own)


@torch.no_grad()
def _fill(learner: Learner, weights: dict[str, Tensor]) -> None:
    for name, parameter in learner.trained().items():
        parameter.copy_(weights[name])
