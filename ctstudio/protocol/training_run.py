"""What a training run leaves on disk while it runs: all that passes between it and whoever watches it.

A run is a process of its own and a folder. The process writes, watchers read; `wanted.json` is the only file that
watchers write. So a run outlives the window, and any window finds it again.

    run.json            `RunInfo`, replaced as a whole at least every two seconds
    wanted.json         `Wanted`, what the watcher wants the run to do
    steps.jsonl         one `StepLine` a line, appended
    validations.jsonl   one `ValidationLine` a line, appended
    samples.jsonl       one `SampleLine` a line, appended; the images lie in samples/
    events/             TensorBoard event files
    log.txt             what the process said
    checkpoints/, cache/, model/
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

State = Literal["starting", "running", "paused", "stopped", "finished", "failed"]
ENDED: tuple[State, ...] = ("stopped", "finished", "failed")
Wish = Literal["run", "pause", "stop"]
HEARTBEAT_S = 2.0


class _Record(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class RunInfo(_Record):
    """How a run stands.

    Attributes:
        id: uuid4 hex; a clone gets another.
        recipe: Name of the recipe.
        title: What people read.
        system: For example "na_diff".
        base: Model that it started from; "" from scratch.
        data: The data in words.
        settings: The whole recipe as JSON values, so that it can be cloned.
        state: See `State`. A run whose process has gone without saying so is shown as "failed" by the watcher.
        pid, process_started: The process, and its start in seconds since 1970, which tells it from a later namesake.
        host: The machine.
        device: "cpu" or "cuda: NAME".
        stage, step, steps: Where it is; steps of this stage.
        stages: All stages in order.
        seconds: Time spent in all, over all starts.
        seconds_left: Estimate for the rest of the present stage; None while unknown.
        started, updated: UTC, ISO 8601.
        message, remedy: Why it failed, and what to do.
    """

    id: str
    recipe: str
    title: str
    system: str
    base: str = ""
    data: str = ""
    settings: dict[str, Any] = Field(default_factory=dict)
    state: State = "starting"
    pid: int = 0
    process_started: float = 0.0
    host: str = ""
    device: str = ""
    stage: str = ""
    step: int = 0
    steps: int = 0
    stages: tuple[str, ...] = ()
    seconds: float = 0.0
    seconds_left: float | None = None
    started: str = ""
    updated: str = ""
    message: str = ""
    remedy: str = ""


class StepLine(_Record):
    """One step of the optimiser.

    Attributes:
        stage, step: Where; steps count from 1.
        loss, learning_rate, gradient_norm: Of the step; the norm is before clipping.
        samples_per_s: Throughput.
        memory_bytes: Of the process; on CUDA of the device.
        seconds: Since the stage began, over all starts.
    """

    stage: str
    step: int
    loss: float
    learning_rate: float
    gradient_norm: float
    samples_per_s: float
    memory_bytes: int
    seconds: float


class ValidationLine(_Record):
    """Figures of the running average on the validation part; `best` when no earlier step had a better `main`."""

    stage: str
    step: int
    figures: dict[str, float]
    main: str
    best: bool


class SampleLine(_Record):
    """A sample of the running average, with the same seed and mask at every step.

    Attributes:
        stage, step: When.
        number: Which of the fixed samples, from 1.
        title: What it shows.
        file: Path relative to the run's folder: a .npz with `array` (z, y, x) float32, `spacing_mm`, `origin_mm`,
            `direction`, `unit`.
    """

    stage: str
    step: int
    number: int
    title: str
    file: str


class Wanted(_Record):
    """What the watcher wants."""

    wish: Wish = "run"


class RunFiles:
    """Where things lie in a run's folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.info = folder / "run.json"
        self.wanted = folder / "wanted.json"
        self.steps = folder / "steps.jsonl"
        self.validations = folder / "validations.jsonl"
        self.samples = folder / "samples.jsonl"
        self.sample_folder = folder / "samples"
        self.events = folder / "events"
        self.log = folder / "log.txt"
        self.checkpoints = folder / "checkpoints"
        self.model = folder / "model"


Record = TypeVar("Record", bound=BaseModel)


def replace_record(path: Path, record: BaseModel) -> None:
    """Write a record so that a reader sees the old one or the new one, never half of one."""
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    partial.write_text(record.model_dump_json(indent=1) + "\n", encoding="utf-8")
    os.replace(partial, path)


def read_record(path: Path, kind: type[Record]) -> Record | None:
    """The record in a file; None when there is none, or it is damaged."""
    try:
        return kind.model_validate_json(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, ValidationError):
        return None


def append_record(path: Path, record: BaseModel) -> None:
    """Append a record as one line."""
    with path.open("a", encoding="utf-8") as file:
        file.write(record.model_dump_json() + "\n")


def read_records(
    path: Path, kind: type[Record], offset: int = 0, at_most: int | None = None
) -> tuple[list[Record], int]:
    """The whole lines after `offset` bytes, and the offset after them; lines that are damaged are passed over.

    With `at_most`, reading ends with the line that passes so many bytes.
    """
    try:
        with path.open("rb") as file:
            file.seek(offset)
            data = file.read() if at_most is None else file.read(at_most) + file.readline()
    except OSError:
        return [], offset
    whole = data[: data.rfind(b"\n") + 1]
    return list(_parsed(whole, kind)), offset + len(whole)


def _parsed(data: bytes, kind: type[Record]) -> Iterator[Record]:
    for line in data.splitlines():
        try:
            yield kind.model_validate_json(line)
        except ValidationError:
            continue
