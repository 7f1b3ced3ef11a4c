"""A network of a few weights in real training: the loop, its checkpoints and its record, in milliseconds a step.

As a script, for processes that are launched or killed:

    python tiny_training.py train FOLDER STEPS ACCUMULATE
    python tiny_training.py torment FOLDER STEPS KILLS
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    os.environ.setdefault("OMP_NUM_THREADS", "1")

import torch  # noqa: E402
from torch import Tensor, nn  # noqa: E402

from ctstudio.catalog.recipe_parts import RunSettings, StageSettings  # noqa: E402
from ctstudio.core.volume import Volume  # noqa: E402
from ctstudio.protocol.training_run import RunInfo  # noqa: E402
from ctstudio.training.checkpoints import CheckpointStore  # noqa: E402
from ctstudio.training.loop import Trainer  # noqa: E402
from ctstudio.training.recorder import Recorder  # noqa: E402
from ctstudio.training.run import Silent, new_accelerator  # noqa: E402
from ctstudio.training.stage import Batch  # noqa: E402

BATCH = 12
OFTEN = 1e-9
"""Seconds between checkpoints that give one after every step."""


class TinyStage:
    """Learns to add three numbers.

    Args:
        lively: With dropout and batch norm, so that random numbers and buffers must be resumed as well.
        sleep: Seconds a step, so that there is time to be killed.
        spoil: Factor of the loss of a draw, by step; `draws` counts them.
    """

    def __init__(
        self, lively: bool = True, sleep: float = 0.0, spoil: Callable[[int], float] = lambda draw: 1.0
    ) -> None:
        torch.manual_seed(0)
        middle: list[nn.Module] = [nn.BatchNorm1d(16), nn.Tanh(), nn.Dropout(0.2)] if lively else [nn.Tanh()]
        self.module = nn.Sequential(nn.Linear(3, 16), *middle, nn.Linear(16, 1))
        self._sleep, self._spoil, self._factor, self.draws = sleep, spoil, 1.0, 0

    def draw(self, step: int, generator: torch.Generator) -> Batch:
        """Three numbers each."""
        time.sleep(self._sleep)
        self._factor = self._spoil(step)
        self.draws += 1
        return {"x": torch.randn(BATCH, 3, generator=generator)}

    def loss(self, batch: Batch) -> Tensor:
        """Squared error of the sum."""
        x = batch["x"]
        return (self.module(x) - x.sum(dim=1, keepdim=True)).square().mean() * self._factor


class TinyLooker:
    """Judges by the first weight; no samples."""

    def figures(self, module: nn.Module) -> tuple[dict[str, float], str]:
        """One figure."""
        return {"first": float(module[0].weight[0, 0].detach())}, "first"  # type: ignore[index]

    def samples(self, module: nn.Module) -> list[tuple[str, Volume]]:
        """None."""
        return []


def stage_settings(steps: int = 6, **changes: object) -> StageSettings:
    """Of the tiny stage."""
    usual = {"steps": steps, "batch": BATCH, "learning_rate": 0.05, "warm_up": 2, "ema_decay": 0.9}
    return StageSettings.model_validate({**usual, **changes})


def run_settings(checkpoint_s: float = 1e6, **changes: object) -> RunSettings:
    """Of a tiny run; only the first and the last checkpoint unless it says otherwise."""
    usual = {"precision": "fp32", "checkpoint_s": checkpoint_s, "validate_every": 0, "sample_every": 0}
    return RunSettings.model_validate({**usual, **changes})


def info(**changes: object) -> RunInfo:
    """Of a tiny run."""
    return RunInfo.model_validate({"id": "0" * 32, "recipe": "tiny", "title": "Tiny", "system": "none", **changes})


def train_in(folder: Path, stage: TinyStage, settings: StageSettings, run: RunSettings) -> CheckpointStore:
    """Train the stage "tiny" in a run's folder, or go on with it, as a run does."""
    (folder / "checkpoints").mkdir(parents=True, exist_ok=True)
    accelerator = new_accelerator("fp32", "cpu")
    store = CheckpointStore(folder / "checkpoints" / "tiny", run.keep)
    watcher = Recorder(folder, info(), run) if accelerator.is_main_process else Silent()
    watcher.begin("tiny", settings.steps, TinyLooker(), store.position().step)
    Trainer(accelerator, run, watcher, seed=4).train("tiny", stage, settings, store)
    if isinstance(watcher, Recorder):
        watcher.end("finished")
    return store


def torment(folder: Path, steps: int, kills: int) -> dict[str, int]:
    """Train in peace in `whole`; train in `torn` in processes that are killed at random moments, until it is done."""
    train_in(folder / "whole", TinyStage(), stage_settings(steps), run_settings())
    torn, chance, landed, longest = folder / "torn", random.Random(time.time_ns()), 0, 0.8
    store, reached = CheckpointStore(torn / "checkpoints" / "tiny"), 0
    while landed < kills or not reached:
        often = chance.choice([OFTEN, 0.1])
        child = os.fork()
        if child == 0:
            train_in(torn, TinyStage(sleep=0.02), stage_settings(steps), run_settings(often))
            os._exit(0)
        time.sleep(chance.uniform(0.0, longest))
        os.kill(child, signal.SIGKILL)
        landed += os.WIFSIGNALED(os.waitpid(child, 0)[1])
        before, reached = reached, store.position().step
        if reached == before:
            longest *= 1.3  # on a busy machine it takes longer until there is something to lose
    train_in(torn, TinyStage(), stage_settings(steps), run_settings())
    return {"killed": landed, "reached": reached}


def main(words: list[str]) -> None:
    """See above."""
    torch.set_num_threads(1)
    folder, steps, number = Path(words[1]), int(words[2]), int(words[3])
    if words[0] == "torment":
        print(json.dumps(torment(folder, steps, number)))
    else:
        here = new_accelerator("fp32", "cpu")
        print(f"process {here.process_index + 1} of {here.num_processes}\n", end="", flush=True)
        busy = run_settings(OFTEN, validate_every=3)  # what only the first process does must hold up nobody
        train_in(folder, TinyStage(lively=False), stage_settings(steps, accumulate=number), busy)


if __name__ == "__main__":
    main(sys.argv[1:])
