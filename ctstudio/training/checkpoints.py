"""Checkpoints: one folder each, which is there whole or not at all.

    checkpoints/STAGE/step_00000120/module.safetensors      weights as they are trained
                                    average.safetensors     their moving average
                                    optimiser.safetensors   AdamW's two moments of each weight
                                    state.json              step, seconds, attempt
    checkpoints/STAGE/best/average.safetensors, state.json

All randomness of a step comes from (seed, stage, attempt, step), and the data are drawn by it, so these files are all
that exact resuming needs.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from ctstudio.core.errors import CtStudioError, StorageError
from ctstudio.nets.tensor_file import save_tensors
from ctstudio.training.learner import Learner

MODULE, AVERAGE, OPTIMISER, STATE = "module.safetensors", "average.safetensors", "optimiser.safetensors", "state.json"
BEST = "best"
MOMENTS = ("step", "exp_avg", "exp_avg_sq")
Weights = dict[str, Tensor]


class Position(BaseModel):
    """Where a stage is.

    Attributes:
        step: Steps done.
        seconds: Time spent, over all starts.
        attempt: How often the stage was rolled back; later draws differ.
        best: Best main figure of the validations so far; None before the first.
        finished: The stage is done.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    step: int = 0
    seconds: float = 0.0
    attempt: int = 0
    best: float | None = None
    finished: bool = False


class CheckpointStore:
    """The checkpoints of one stage."""

    def __init__(self, folder: Path, keep: int = 2) -> None:
        self.folder, self._keep = folder, keep

    def save(self, learner: Learner, position: Position) -> Path:
        """Write a checkpoint, then forget all but the newest `keep`.

        Raises:
            StorageError: The disk is full or cannot be written; the checkpoints before stand.
        """
        target = self.folder / f"step_{position.step:08d}"
        state = learner.optimiser.state
        moments = {
            f"{name}.{key}": value
            for name, parameter in learner.trained().items()
            for key, value in state.get(parameter, {}).items()
        }
        files = {
            MODULE: dict(learner.module.state_dict()),
            AVERAGE: learner.average,
            OPTIMISER: moments,
        }
        self._write(target, files, position)
        for old in self.all()[: -self._keep]:
            self._remove(old)
        return target

    def save_best(self, learner: Learner, position: Position) -> Path:
        """Keep the moving average as the best so far."""
        target = self.folder / BEST
        self._write(target, {AVERAGE: learner.average}, position)
        return target

    def load(self, learner: Learner) -> Position:
        """Fill a learner from the newest whole checkpoint; the beginning when there is none.

        Raises:
            CtStudioError: A checkpoint does not fit the recipe.
        """
        found = self.all()
        if not found:
            return Position()
        folder = found[-1]
        try:
            learner.module.load_state_dict(load_file(folder / MODULE))
            average, moments = load_file(folder / AVERAGE), load_file(folder / OPTIMISER)
            for name, parameter in learner.trained().items():
                learner.average[name].copy_(average[name])
                kept = {key: moments[f"{name}.{key}"] for key in MOMENTS if f"{name}.{key}" in moments}
                kept = {key: v if key == "step" else v.to(parameter.device) for key, v in kept.items()}
                learner.optimiser.state.pop(parameter, None)  # a weight that no gradient reached yet has none
                if kept:
                    learner.optimiser.state[parameter] = kept
            return position_of(folder)
        except (OSError, RuntimeError, KeyError, SafetensorError, ValidationError) as error:
            raise CtStudioError(
                f"The checkpoint {folder} does not fit this recipe: {str(error).splitlines()[0]}",
                "Resume with the recipe and settings that the run was started with, or choose another folder.",
                str(error),
            ) from error

    def all(self) -> list[Path]:
        """Whole checkpoints, oldest first."""
        return sorted(self.folder.glob("step_*"))

    def position(self) -> Position:
        """Where the stage is."""
        found = self.all()
        return position_of(found[-1]) if found else Position()

    def module(self) -> Weights:
        """The weights and buffers of the newest checkpoint.

        Raises:
            CtStudioError: There is no checkpoint.
        """
        return load_file(self._newest() / MODULE)

    def average(self, which: str = "last") -> Weights:
        """The moving average of the newest checkpoint, or of the best one ("best"; the newest when there is none).

        Raises:
            CtStudioError: There is no checkpoint.
        """
        best = self.folder / BEST
        return load_file((best if which == BEST and best.exists() else self._newest()) / AVERAGE)

    def _newest(self) -> Path:
        found = self.all()
        if not found:
            raise CtStudioError(f"There is no checkpoint in {self.folder}.", "Let the run reach its first checkpoint.")
        return found[-1]

    def _write(self, target: Path, files: dict[str, Weights], position: Position) -> None:
        partial = self.folder / f".{target.name}"
        try:
            self._sweep()
            partial.mkdir(parents=True)
            for name, weights in files.items():
                save_tensors(weights, partial / name)
            (partial / STATE).write_text(position.model_dump_json(), encoding="utf-8")
            for path in partial.iterdir():
                _onto_disk(path)
            self._remove(target)
            os.rename(partial, target)
        except (OSError, SafetensorError) as error:
            shutil.rmtree(partial, ignore_errors=True)
            raise StorageError(
                f"The checkpoint of step {position.step} cannot be written to {self.folder}: {error}.",
                "The checkpoint before stands. Make room, or check the rights of the folder, and resume.",
            ) from error

    def _remove(self, folder: Path) -> None:
        """Hide a checkpoint before its files go one by one, so that none is ever there in part."""
        if folder.exists():
            hidden = self.folder / f".old_{folder.name}"
            shutil.rmtree(hidden, ignore_errors=True)
            os.rename(folder, hidden)
            shutil.rmtree(hidden, ignore_errors=True)

    def _sweep(self) -> None:
        """Forget what a process that was killed left behind."""
        for left in self.folder.glob(".*"):
            shutil.rmtree(left, ignore_errors=True)


def _onto_disk(path: Path) -> None:
    """Wait until a file would outlast a loss of power."""
    with path.open("rb") as file:
        os.fsync(file.fileno())


def position_of(folder: Path) -> Position:
    """The position that a checkpoint was written at."""
    return Position.model_validate_json((folder / STATE).read_text(encoding="utf-8"))
