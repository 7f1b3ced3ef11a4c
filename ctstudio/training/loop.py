"""The training loop, on accelerate: one process or many, whole batches or parts, stopped and resumed at any step.

All randomness of a step comes from a generator seeded by (seed, stage, attempt, step), so a resumed run draws what the
uninterrupted run would have drawn.
"""

from __future__ import annotations

import math
import time
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import Any

import torch
from accelerate import Accelerator
from accelerate.utils import broadcast
from torch import Tensor, nn

from ctstudio.catalog.recipe_parts import RunSettings, StageSettings
from ctstudio.core.errors import CtStudioError, ParameterError
from ctstudio.core.seeds import derived
from ctstudio.protocol.training_run import StepLine
from ctstudio.training.checkpoints import CheckpointStore, Position
from ctstudio.training.learner import Learner, averaged
from ctstudio.training.memory import memory_bytes
from ctstudio.training.stage import Batch, Lossy, Stage, shared_out
from ctstudio.training.watcher import Stopped, Watcher

ATTEMPTS = 3
"""How often a stage is rolled back without getting further before it is given up."""


@dataclass
class Trainer:
    """Trains stages one after the other.

    Attributes:
        accelerator: Of the whole process.
        settings: How the run is kept.
        watcher: Who looks on.
        seed: Of all draws.
    """

    accelerator: Accelerator
    settings: RunSettings
    watcher: Watcher
    seed: int = 0

    def train(self, name: str, stage: Stage, settings: StageSettings, store: CheckpointStore) -> float:
        """Train a stage to its end and leave the moving average in its module.

        Args:
            name: Of the stage, for reports and random streams.
            stage: What is trained.
            settings: Steps, rates.
            store: Resumed from when it holds a checkpoint; written as training goes on, and at the end.

        Returns:
            Seconds spent, over all starts.

        Raises:
            Stopped: The watcher wanted it; a checkpoint is written.
            ParameterError: The batch cannot be shared by the processes and parts.
            StorageError: A checkpoint cannot be written; those before stand.
            CtStudioError: The loss became NaN or infinite again and again.
        """
        parts = self.accelerator.num_processes * settings.accumulate
        if settings.batch % parts:
            raise ParameterError(
                f"A batch of {settings.batch} cannot be shared by {parts} parts (processes times accumulated parts).",
                f"Set {name}.batch to a multiple of {parts}.",
            )
        stage.module.to(self.accelerator.device)
        learner = Learner.of(stage.module, settings.learning_rate, settings.weight_decay)
        position = store.load(learner)
        if position.step < settings.steps:
            position = _Course(self, name, stage, settings, store, learner, position).run()
            self.accelerator.free_memory()
        learner.settle()
        return position.seconds


@dataclass
class _Course:
    """One stage on its way."""

    trainer: Trainer
    name: str
    stage: Stage
    settings: StageSettings
    store: CheckpointStore
    learner: Learner
    position: Position
    wrapped: Any = field(init=False)

    def __post_init__(self) -> None:
        self.accelerator = self.trainer.accelerator
        self.wrapped = self.accelerator.prepare(Lossy(self.stage))
        self._began, self._before = time.monotonic(), self.position.seconds
        self._saved = self._began
        self._failures, self._furthest = 0, 0

    def run(self) -> Position:
        """To the last step."""
        self.stage.module.train()
        if self.position.step == 0:
            self._save()  # a roll-back needs somewhere to go
        while self.position.step < self.settings.steps:
            self._heed_wishes()
            line = self._step(self.position.step)
            if line is None:
                self._roll_back()
                continue
            self.position = replace_position(self.position, step=line.step, seconds=line.seconds)
            if self.accelerator.is_main_process:
                self.trainer.watcher.stepped(line, self.settings.steps)
            self._look()
            if time.monotonic() - self._saved > self.trainer.settings.checkpoint_s:
                self._save()
        self.position = replace_position(self.position, finished=True)
        self._save()
        return self.position

    def _step(self, step: int) -> StepLine | None:
        """One step of the optimiser; None when its loss or gradient is no number."""
        started = time.monotonic()
        rate = learning_rate(self.settings, step)
        for group in self.learner.optimiser.param_groups:
            group["lr"] = rate
        seed = derived(self.trainer.seed, self.name, self.position.attempt, step)
        torch.manual_seed(seed)  # for dropout inside the module
        batch = self.stage.draw(step, torch.Generator("cpu").manual_seed(seed))
        self.learner.optimiser.zero_grad(set_to_none=True)
        loss = self._backward(batch)
        norm = nn.utils.clip_grad_norm_(self.learner.trained().values(), self.settings.clip_norm)
        if not (math.isfinite(loss) and bool(torch.isfinite(norm))):
            return None
        self.learner.optimiser.step()
        decay = min(self.settings.ema_decay, (2 + step) / (11 + step))
        with torch.no_grad():
            torch._foreach_lerp_(list(self.learner.average.values()), self._weights(), 1.0 - decay)
        now = time.monotonic()
        return StepLine(
            stage=self.name,
            step=step + 1,
            loss=loss,
            learning_rate=rate,
            gradient_norm=float(norm),
            samples_per_s=self.settings.batch / max(now - started, 1e-9),
            memory_bytes=memory_bytes(self.accelerator.device),
            seconds=self._before + now - self._began,
        )

    def _weights(self) -> list[Tensor]:
        return [p.detach() for p in self.learner.trained().values()]

    def _backward(self, batch: Batch) -> float:
        """Gradients of the batch's mean loss, and that loss."""
        accumulate, processes = self.settings.accumulate, self.accelerator.num_processes
        parts = shared_out(batch, processes * accumulate)
        mine = parts[self.accelerator.process_index * accumulate :][:accumulate]
        total = torch.zeros((), device=self.accelerator.device)
        for number, part in enumerate(mine, start=1):
            quiet = self.accelerator.no_sync(self.wrapped) if number < accumulate else nullcontext()
            with quiet:
                here = {key: value.to(self.accelerator.device, non_blocking=True) for key, value in part.items()}
                loss = self.wrapped(here) / accumulate
                self.accelerator.backward(loss)
            total += loss.detach()
        if processes > 1:
            total = self.accelerator.reduce(total, reduction="mean")
        return float(total)

    def _look(self) -> None:
        if not self.trainer.watcher.is_due(self.name, self.position.step):
            return
        if self.accelerator.is_main_process:
            with averaged(self.learner):
                figure = self.trainer.watcher.looked(self.name, self.position.step, self.stage.module)
            self.stage.module.train()
            if figure is not None and (self.position.best is None or figure > self.position.best):
                self.position = replace_position(self.position, best=figure)
                self.store.save_best(self.learner, self.position)

    def _heed_wishes(self) -> None:
        watcher = self.trainer.watcher
        saved = False
        while True:
            wish = self._agreed(2 if watcher.wants_stop() else int(watcher.wants_pause()))
            if wish != 1:
                break
            if not saved:
                self._save()
                saved = True
            time.sleep(0.2)
        if wish == 2:
            self._save()
            raise Stopped(f"Stopped in stage {self.name} after step {self.position.step}.", "Add --resume to go on.")
        if saved:  # the pause is not time spent
            self._before, self._began = self.position.seconds, time.monotonic()

    def _agreed(self, wish: int) -> int:
        """The main process's wish, in every process: all must stop at the same step."""
        if self.accelerator.num_processes == 1:
            return wish
        return int(broadcast(torch.tensor(wish, device=self.accelerator.device)))

    def _roll_back(self) -> None:
        """Go on from the last checkpoint with other draws."""
        step, attempt = self.position.step, self.position.attempt + 1
        self._failures = self._failures + 1 if step <= self._furthest else 1
        self._furthest = max(step, self._furthest)
        why = f"The loss of stage {self.name} became NaN or infinite at step {step + 1}."
        if self._failures > ATTEMPTS:
            raise CtStudioError(
                f"{why} It was rolled back {ATTEMPTS} times.",
                "Lower the learning rate, or clip harder, and resume: the last good checkpoint stands.",
            )
        self.position = replace_position(self.store.load(self.learner), attempt=attempt)
        if self.accelerator.is_main_process:
            self.trainer.watcher.rolled_back(self.name, self.position.step, why)

    def _save(self) -> None:
        """The first process writes; the others meet it again at the next gradient.

        They must not wait for it here: each has a clock of its own, and only the first has a watcher.
        """
        if self.accelerator.is_main_process:
            self.store.save(self.learner, self.position)
        self._saved = time.monotonic()


def learning_rate(settings: StageSettings, step: int) -> float:
    """Learning rate of a step: linear warm-up, then a cosine down to a tenth."""
    if step < settings.warm_up:
        return settings.learning_rate * (step + 1) / settings.warm_up
    part = (step - settings.warm_up) / max(1, settings.steps - settings.warm_up)
    return settings.learning_rate * (0.1 + 0.45 * (1 + math.cos(math.pi * part)))


def replace_position(position: Position, **changes: Any) -> Position:
    """A position with some values changed."""
    return position.model_copy(update=changes)
