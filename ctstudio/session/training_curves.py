"""The curves of a training run, and what of them is worth drawing."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ctstudio.protocol.training_run import StepLine, ValidationLine

Numbers = NDArray[np.float64]
COLUMNS = ("loss", "learning_rate", "gradient_norm", "samples_per_s", "memory_bytes")
POINTS = 1200
"""Points of a curve that are drawn at most; a plot is seldom wider in pixels."""


class StageCurve:
    """Every step of one stage, in order. A step that comes again replaces itself and all that came after it."""

    def __init__(self) -> None:
        self._rows: Numbers = np.empty((256, 1 + len(COLUMNS)))
        self._count = 0

    def __len__(self) -> int:
        return self._count

    @property
    def steps(self) -> Numbers:
        """Step of every row."""
        return self._rows[: self._count, 0]

    def column(self, name: str) -> Numbers:
        """One of `COLUMNS` at every step."""
        return self._rows[: self._count, 1 + COLUMNS.index(name)]

    def extend(self, rows: Numbers) -> None:
        """Append rows (n, 6): step, then `COLUMNS`."""
        for part in np.split(rows, np.flatnonzero(np.diff(rows[:, 0]) <= 0) + 1):
            if len(part):
                self._append(part)

    def _append(self, rows: Numbers) -> None:
        self._count = int(np.searchsorted(self.steps, rows[0, 0]))
        needed = self._count + len(rows)
        if needed > len(self._rows):
            grown = np.empty((max(needed, 2 * len(self._rows)), self._rows.shape[1]))
            grown[: self._count] = self._rows[: self._count]
            self._rows = grown
        self._rows[self._count : needed] = rows
        self._count = needed


class RunCurves:
    """All curves of one run, by stage."""

    def __init__(self) -> None:
        self.stages: dict[str, StageCurve] = {}
        self.validations: dict[str, list[ValidationLine]] = {}

    @property
    def stage_names(self) -> tuple[str, ...]:
        """Stages that have anything to draw, in the order they came."""
        return tuple(dict.fromkeys((*self.stages, *self.validations)))

    def add_steps(self, lines: Sequence[StepLine]) -> None:
        """Append steps."""
        for stage in dict.fromkeys(line.stage for line in lines):
            rows = [(line.step, *(getattr(line, name) for name in COLUMNS)) for line in lines if line.stage == stage]
            self.stages.setdefault(stage, StageCurve()).extend(np.asarray(rows, np.float64))

    def add_validations(self, lines: Sequence[ValidationLine]) -> None:
        """Append validations; a step that comes again replaces itself and all after it."""
        for line in lines:
            kept = self.validations.setdefault(line.stage, [])
            while kept and kept[-1].step >= line.step:
                kept.pop()
            kept.append(line)

    def figure_names(self, stage: str) -> tuple[str, ...]:
        """Names of the validation figures of a stage, the main one first."""
        lines = self.validations.get(stage, [])
        mains = [line.main for line in lines]
        return tuple(dict.fromkeys((*mains, *(name for line in lines for name in line.figures))))

    def figure(self, stage: str, name: str) -> tuple[Numbers, Numbers]:
        """Steps and values of a validation figure."""
        found = [(line.step, line.figures[name]) for line in self.validations.get(stage, []) if name in line.figures]
        pairs = np.asarray(found, np.float64).reshape(-1, 2)
        return pairs[:, 0], pairs[:, 1]

    def best(self, stage: str) -> ValidationLine | None:
        """The last validation that was the best so far."""
        return next((line for line in reversed(self.validations.get(stage, [])) if line.best), None)


def smoothed(values: Numbers, positive: bool = False) -> Numbers:
    """A trailing mean over a fiftieth of all values, at most 500; the geometric one of values that are positive."""
    width = int(np.clip(len(values) // 50, 1, 500))
    if width == 1 or not len(values):
        return values
    logs = np.log(np.maximum(values, 1e-300)) if positive else values
    clean = np.nan_to_num(logs, posinf=0.0, neginf=0.0)
    sums = np.concatenate([[0.0], np.cumsum(clean)])
    ends = np.arange(1, len(values) + 1)
    starts = np.maximum(0, ends - width)
    means: Numbers = (sums[ends] - sums[starts]) / (ends - starts)
    return np.exp(means) if positive else means


def thinned(steps: Numbers, values: Numbers, points: int = POINTS) -> tuple[Numbers, Numbers]:
    """A curve with at most about `points` points that still shows every peak: least and greatest of each part."""
    if len(steps) <= points:
        return steps, values
    size = -(-len(steps) // max(1, points // 2))
    parts = -(-len(steps) // size)
    table = np.pad(np.nan_to_num(values), (0, parts * size - len(values)), mode="edge").reshape(parts, size)
    starts = np.arange(parts) * size
    ends = np.concatenate([table.argmin(axis=1) + starts, table.argmax(axis=1) + starts, [0, len(steps) - 1]])
    places = np.unique(np.minimum(ends, len(steps) - 1))
    return steps[places], values[places]
