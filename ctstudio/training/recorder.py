"""Keeps a run's folder up to date for whoever watches it, and hears what they want."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

import numpy as np
import psutil
import torch
from torch import nn

from ctstudio.catalog.recipe_parts import RunSettings
from ctstudio.core.volume import Volume
from ctstudio.protocol.training_run import (
    HEARTBEAT_S,
    RunFiles,
    RunInfo,
    SampleLine,
    State,
    StepLine,
    ValidationLine,
    Wanted,
    append_record,
    read_record,
    read_records,
    replace_record,
)
from ctstudio.training.curves import Curves
from ctstudio.training.watcher import Stopped

PAUSE_S = 0.2
Report = Callable[[str, int, int, float], None]
"""Told stage, step, steps and loss; the loss is 0 for stages that have none."""


class Looker(Protocol):
    """How a stage's running average is judged."""

    def figures(self, module: nn.Module) -> tuple[dict[str, float], str]:
        """Figures on the validation part, and the name of the one that decides; less is better."""
        ...

    def samples(self, module: nn.Module) -> list[tuple[str, Volume]]:
        """The fixed samples: title and image."""
        ...


class Recorder:
    """The watcher of one run: `training.loop.Watcher`."""

    def __init__(
        self,
        folder: Path,
        info: RunInfo,
        settings: RunSettings,
        report: Report = lambda stage, step, steps, loss: None,
        say: Callable[[str], None] = lambda line: None,
    ) -> None:
        self.files, self._settings, self._report, self.say = RunFiles(folder), settings, report, say
        self._looker: Looker | None = None
        self._asked_to_stop = False
        self._curves = Curves(self.files.events)
        self._told = 0.0
        self._wanted = Wanted()
        before = read_record(self.files.info, RunInfo)
        now = _now()
        self._info = info.model_copy(
            update={
                "id": before.id if before else info.id,
                "started": before.started if before else now,
                "seconds": before.seconds if before else 0.0,
                "pid": os.getpid(),
                "process_started": psutil.Process().create_time(),
                "host": socket.gethostname(),
                "updated": now,
            }
        )
        self._seconds_before, self._began = self._info.seconds, time.monotonic()
        replace_record(self.files.wanted, Wanted())
        self._wish_time = self._wanted_time()
        self._tell()

    def begin(self, stage: str, steps: int = 0, looker: Looker | None = None, from_step: int = 0) -> None:
        """A stage begins, perhaps in its middle: lines that a checkpoint does not cover are forgotten."""
        self._looker = looker
        self._forget_after(stage, from_step)
        if steps:
            self._curves.begin(stage, from_step)
        self._update(state="running", stage=stage, step=from_step, steps=steps, seconds_left=None)
        self._tell()
        self.say(f"stage {stage}")

    def progress(self, step: int, steps: int) -> None:
        """Progress of a stage that trains nothing; it pauses and stops here.

        Raises:
            Stopped: Somebody wanted it.
        """
        self._update(step=step, steps=steps)
        self._report(self._info.stage, step, steps, 0.0)
        self._tell_now_and_then()
        while not self.wants_stop() and self.wants_pause():
            time.sleep(PAUSE_S)
        if self.wants_stop():
            raise Stopped(f"Stopped in stage {self._info.stage} after {step} of {steps}.", "Add --resume to go on.")

    def stepped(self, line: StepLine, steps: int) -> None:
        """See `Watcher`."""
        append_record(self.files.steps, line)
        self._curves.add(line.step, line.model_dump(exclude={"stage", "step", "seconds"}))
        left = line.seconds / line.step * (steps - line.step)
        self._update(stage=line.stage, step=line.step, steps=steps, seconds_left=left)
        self._report(line.stage, line.step, steps, line.loss)
        self._tell_now_and_then()

    def is_due(self, stage: str, step: int) -> bool:
        """See `Watcher`."""
        if self._looker is None:
            return False
        every = (self._settings.validate_every, self._settings.sample_every)
        return any(n and step % n == 0 for n in every)

    def looked(self, stage: str, step: int, module: nn.Module) -> float | None:
        """See `Watcher`."""
        if self._looker is None:
            return None
        if self._settings.sample_every and step % self._settings.sample_every == 0:
            for number, (title, image) in enumerate(self._looker.samples(module), start=1):
                self._keep_sample(stage, step, number, title, image)
        if not (self._settings.validate_every and step % self._settings.validate_every == 0):
            return None
        figures, main = self._looker.figures(module)
        lines, _ = read_records(self.files.validations, ValidationLine)
        best = all(figures[main] < line.figures[main] for line in lines if line.stage == stage and line.main == main)
        append_record(
            self.files.validations, ValidationLine(stage=stage, step=step, figures=figures, main=main, best=best)
        )
        self._curves.add(step, {f"validation/{name}": value for name, value in figures.items()})
        return -figures[main]

    def rolled_back(self, stage: str, step: int, why: str) -> None:
        """See `Watcher`."""
        self._forget_after(stage, step)
        self._curves.begin(stage, step)
        self._update(step=step, message=f"{why} It goes on from step {step}.")
        self._tell()
        self.say(self._info.message)

    def stop(self) -> None:
        """Ask the run to stop after its present step; safe in a signal handler."""
        self._asked_to_stop = True

    def wants_stop(self) -> bool:
        """See `Watcher`."""
        return self._asked_to_stop or self._wish() == "stop"

    def wants_pause(self) -> bool:
        """See `Watcher`."""
        paused = self._wish() == "pause"
        state: State = "paused" if paused else "running"
        if self._info.state != state:
            self._update(state=state)
            self._tell()
        elif paused:
            self._tell_now_and_then()
        return paused

    def end(self, state: State, message: str = "", remedy: str = "") -> None:
        """The run has ended."""
        self._update(state=state, message=message, remedy=remedy, seconds_left=0.0 if state == "finished" else None)
        self._tell()
        self._curves.close()

    def _keep_sample(self, stage: str, step: int, number: int, title: str, image: Volume) -> None:
        name = f"samples/{stage}_{step:08d}_{number}.npz"
        self.files.sample_folder.mkdir(exist_ok=True)
        grid = image.grid
        np.savez_compressed(
            self.files.folder / name,
            array=image.array.astype(np.float32),
            spacing_mm=grid.spacing_mm,
            origin_mm=grid.origin_mm,
            direction=grid.direction,
            unit=image.unit,
        )
        append_record(self.files.samples, SampleLine(stage=stage, step=step, number=number, title=title, file=name))

    def _forget_after(self, stage: str, step: int) -> None:
        kinds: tuple[tuple[Path, type[StepLine | ValidationLine | SampleLine]], ...] = (
            (self.files.steps, StepLine),
            (self.files.validations, ValidationLine),
            (self.files.samples, SampleLine),
        )
        for path, kind in kinds:
            lines, _ = read_records(path, kind)
            kept = [line for line in lines if line.stage != stage or line.step <= step]
            text = "".join(line.model_dump_json() + "\n" for line in kept).encode()
            if path.exists() and path.read_bytes() != text:  # also when a line was torn
                partial = path.with_name(f".{path.name}.{os.getpid()}")
                partial.write_bytes(text)
                os.replace(partial, path)

    def _wanted_time(self) -> int:
        try:
            return self.files.wanted.stat().st_mtime_ns
        except OSError:
            return 0

    def _wish(self) -> str:
        """What `wanted.json` says; read again only when it was written again."""
        time_ns = self._wanted_time()
        if time_ns != self._wish_time:
            self._wish_time = time_ns
            self._wanted = read_record(self.files.wanted, Wanted) or Wanted()
        return self._wanted.wish

    def _update(self, **changes: object) -> None:
        seconds = self._seconds_before + time.monotonic() - self._began
        self._info = self._info.model_copy(update={**changes, "seconds": seconds, "updated": _now()})

    def _tell_now_and_then(self) -> None:
        if time.monotonic() - self._told > HEARTBEAT_S / 2:
            self._tell()

    def _tell(self) -> None:
        replace_record(self.files.info, self._info)
        self._told = time.monotonic()


def device_name(device: torch.device) -> str:
    """The device in words: "cpu", or "cuda: NAME"."""
    return f"cuda: {torch.cuda.get_device_name(device)}" if device.type == "cuda" else device.type


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
