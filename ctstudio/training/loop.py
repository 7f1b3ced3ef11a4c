"""The training loop: one optimiser, a moving average, checkpoints that resume exactly.

All randomness of a step comes from a generator seeded by (seed, stage, step), so a resumed run draws what the
uninterrupted run would have drawn.
"""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from ctstudio.core.errors import CtStudioError
from ctstudio.diffusion.noise import generator_for

Loss = Callable[[int, torch.Generator], Tensor]


@dataclass(frozen=True)
class Schedule:
    """How long and how fast.

    Attributes:
        steps: Optimiser steps.
        learning_rate: After warm-up; falls to a tenth along a cosine.
        warm_up: Steps of linear warm-up.
        ema_decay: Of the moving average of the weights.
        clip_norm: Gradient norm that is never exceeded.
        seed: Of all draws.
    """

    steps: int
    learning_rate: float
    warm_up: int = 100
    ema_decay: float = 0.999
    clip_norm: float = 1.0
    seed: int = 0

    def rate(self, step: int) -> float:
        """Learning rate of a step."""
        if step < self.warm_up:
            return self.learning_rate * (step + 1) / self.warm_up
        part = (step - self.warm_up) / max(1, self.steps - self.warm_up)
        return self.learning_rate * (0.1 + 0.45 * (1 + math.cos(math.pi * part)))


@dataclass
class Progress:
    """What the loop reports after each step."""

    stage: str
    step: int
    steps: int
    loss: float
    seconds: float
    history: list[float] = field(default_factory=list)


def train(
    stage: str,
    module: nn.Module,
    loss: Loss,
    schedule: Schedule,
    checkpoint: Path,
    report: Callable[[Progress], None] = lambda progress: None,
    save_every_s: float = 120.0,
) -> float:
    """Train a module in place and leave the moving average in it.

    Args:
        stage: Name for reports and random streams.
        module: What is trained.
        loss: Of one step, from the step's number and its generator.
        schedule: Steps, rates, seed.
        checkpoint: Resumed from when it exists; written as training goes on, and at the end.
        report: Called after each step.
        save_every_s: Seconds between two checkpoints.

    Returns:
        Seconds spent, over all runs.

    Raises:
        CtStudioError: The loss became NaN or infinite.
    """
    optimiser = torch.optim.AdamW(module.parameters(), lr=schedule.learning_rate, weight_decay=0.0)
    average = {name: p.detach().clone() for name, p in module.named_parameters()}
    step, seconds, history = _resume(checkpoint, module, optimiser, average)
    started = saved = time.monotonic()
    while step < schedule.steps:
        for group in optimiser.param_groups:
            group["lr"] = schedule.rate(step)
        history.append(_one_step(stage, module, loss, optimiser, schedule, step))
        step += 1
        _follow(average, module, min(schedule.ema_decay, (1 + step) / (10 + step)))
        now = time.monotonic()
        report(Progress(stage, step, schedule.steps, history[-1], seconds + now - started, history))
        if now - saved > save_every_s or step == schedule.steps:
            _save(checkpoint, module, optimiser, average, step, seconds + now - started, history)
            saved = now
    with torch.no_grad():
        for name, parameter in module.named_parameters():
            parameter.copy_(average[name])
    return seconds + time.monotonic() - started


def _one_step(
    stage: str, module: nn.Module, loss: Loss, optimiser: torch.optim.Optimizer, schedule: Schedule, step: int
) -> float:
    value = loss(step, generator_for(schedule.seed, stage, step))
    if not torch.isfinite(value):
        raise CtStudioError(
            f"The loss of stage {stage} became {value.item()} at step {step}.",
            "Lower the learning rate and resume from the last checkpoint.",
        )
    optimiser.zero_grad(set_to_none=True)
    value.backward()
    nn.utils.clip_grad_norm_(module.parameters(), schedule.clip_norm)
    optimiser.step()
    return float(value.detach())


@torch.no_grad()
def _follow(average: dict[str, Tensor], module: nn.Module, decay: float) -> None:
    for name, parameter in module.named_parameters():
        average[name].lerp_(parameter, 1.0 - decay)


def _save(path: Path, module: nn.Module, optimiser: Any, average: dict[str, Tensor], *rest: Any) -> None:
    """Write a checkpoint beside the old one, then put it in its place."""
    step, seconds, history = rest
    state = {
        "module": module.state_dict(),
        "optimiser": optimiser.state_dict(),
        "average": average,
        "step": step,
        "seconds": seconds,
        "history": history,
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    torch.save(state, partial)
    os.replace(partial, path)


def _resume(
    path: Path, module: nn.Module, optimiser: torch.optim.Optimizer, average: dict[str, Tensor]
) -> tuple[int, float, list[float]]:
    if not path.exists():
        return 0, 0.0, []
    state = torch.load(path, weights_only=True)
    module.load_state_dict(state["module"])
    optimiser.load_state_dict(state["optimiser"])
    average.update(state["average"])
    return state["step"], state["seconds"], state["history"]
