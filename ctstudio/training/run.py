"""A recipe at work in a folder."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import torch
from accelerate import Accelerator
from torch import nn

from ctstudio.catalog.recipe import Recipe
from ctstudio.catalog.recipe_parts import StageSettings
from ctstudio.protocol.training_run import StepLine
from ctstudio.training.checkpoints import CheckpointStore
from ctstudio.training.loop import Trainer
from ctstudio.training.recorder import Looker
from ctstudio.training.stage import Stage
from ctstudio.training.watcher import Watcher


class RunWatcher(Watcher, Protocol):
    """A watcher that hears of every stage too; `Recorder` is one."""

    def say(self, line: str) -> None:
        """One line for people."""
        ...

    def begin(self, stage: str, steps: int = 0, looker: Looker | None = None, from_step: int = 0) -> None:
        """A stage begins, perhaps in its middle."""
        ...

    def progress(self, step: int, steps: int) -> None:
        """Progress of a stage that trains nothing."""
        ...


@dataclass
class Run:
    """A recipe at work in a folder.

    Attributes:
        recipe: What to do.
        folder: `cache/` (slices, latents), `checkpoints/`, and at the end `model/`.
        accelerator: Of the process.
        watcher: Sees every step, and hears of every stage.
        seconds: Spent by stage.
        model_at: Where the finished model is written, when not in the run's folder.
    """

    recipe: Recipe
    folder: Path
    accelerator: Accelerator
    watcher: RunWatcher
    seconds: dict[str, float] = field(default_factory=dict)
    model_at: Path | None = None

    @property
    def model(self) -> Path:
        """Where the finished model is written."""
        return self.model_at or self.folder / "model"

    @property
    def cache(self) -> Path:
        """Prepared slices and latents."""
        return self.folder / "cache"

    def store(self, stage: str) -> CheckpointStore:
        """The checkpoints of a stage."""
        return CheckpointStore(self.folder / "checkpoints" / stage, self.recipe.run.keep)

    def train(self, name: str, stage: Stage, settings: StageSettings, looker: Looker | None = None) -> None:
        """Train a stage, or go on with it; its module is left with the moving average."""
        store = self.store(name)
        self.watcher.begin(name, settings.steps, looker, store.position().step)
        trainer = Trainer(self.accelerator, self.recipe.run, self.watcher, self.recipe.seed)
        self.seconds[name] = trainer.train(name, stage, settings, store)

    def say(self, line: str) -> None:
        """One line for people."""
        self.watcher.say(line)


class Silent:
    """A watcher that neither writes nor wants anything: every process but the first has it, and tests."""

    def __init__(self, say: Callable[[str], None] = lambda line: None) -> None:
        self.say = say

    def begin(self, stage: str, steps: int = 0, looker: Looker | None = None, from_step: int = 0) -> None:
        """See `RunWatcher`."""
        self.say(f"stage {stage}")

    def progress(self, step: int, steps: int) -> None:
        """See `RunWatcher`."""

    def stepped(self, line: StepLine, steps: int) -> None:
        """See `Watcher`."""

    def is_due(self, stage: str, step: int) -> bool:
        """See `Watcher`."""
        return False

    def looked(self, stage: str, step: int, module: nn.Module) -> float | None:
        """See `Watcher`."""
        return None

    def wants_stop(self) -> bool:
        """See `Watcher`."""
        return False

    def wants_pause(self) -> bool:
        """See `Watcher`."""
        return False

    def rolled_back(self, stage: str, step: int, why: str) -> None:
        """See `Watcher`."""


def restored(run: Run, stage: str, module: nn.Module, which: str = "last") -> nn.Module:
    """A module with the newest (or best) moving average of a stage, in evaluation mode, on the CPU.

    Args:
        run: Where.
        stage: Whose checkpoint.
        module: Of the stage's shape; buffers come from the newest checkpoint.
        which: "last" or "best".
    """
    store = run.store(stage)
    average = store.average(which)
    module.load_state_dict(store.module())
    with torch.no_grad():
        for name, parameter in module.named_parameters():  # once each, also where two names mean the same weights
            parameter.copy_(average.get(name, parameter))
    return module.eval().requires_grad_(False)


def new_accelerator(precision: str, device: str = "auto") -> Accelerator:
    """An accelerator of this process: all that `accelerate launch` set up, or one process on the best device."""
    mixed = "bf16" if precision == "bf16" else "no"
    return Accelerator(mixed_precision=mixed, cpu=device == "cpu" or not torch.cuda.is_available())
