"""The samples of a run's moving average over time, and how one is read."""

from __future__ import annotations

import zipfile
from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ctstudio.core.errors import CtStudioError, UnreadableFile
from ctstudio.core.grid import Grid
from ctstudio.core.volume import Unit, Volume
from ctstudio.protocol.training_run import SampleLine

Moment = tuple[str, int]
"""A stage and a step of it."""

_UNITS: dict[str, Unit] = {"HU": "HU", "SUV": "SUV", "HU_SD": "HU_SD"}
_KEPT_BYTES = 256 << 20


class SampleTimeline:
    """What samples there are of one run."""

    def __init__(self) -> None:
        self._lines: dict[Moment, dict[int, SampleLine]] = {}

    @property
    def moments(self) -> tuple[Moment, ...]:
        """When samples were drawn, in order."""
        return tuple(self._lines)

    @property
    def titles(self) -> dict[int, str]:
        """Title of every fixed sample, by number."""
        found = {line.number: line.title for lines in self._lines.values() for line in lines.values()}
        return dict(sorted(found.items()))

    def add(self, lines: Sequence[SampleLine]) -> None:
        """Append samples; one that comes again replaces the earlier one."""
        for line in lines:
            self._lines.setdefault((line.stage, line.step), {})[line.number] = line

    def at(self, moment: Moment, number: int) -> SampleLine | None:
        """The last sample of a number not later than a moment of the same stage."""
        stage, step = moment
        earlier = [m for m, lines in self._lines.items() if m[0] == stage and m[1] <= step and number in lines]
        return self._lines[max(earlier, key=lambda m: m[1])][number] if earlier else None


def union_of_moments(timelines: Sequence[SampleTimeline]) -> tuple[Moment, ...]:
    """All moments of several runs: stages in the order of the first run that has them, then by step."""
    stages = list(dict.fromkeys(stage for timeline in timelines for stage, _ in timeline.moments))
    moments = {moment for timeline in timelines for moment in timeline.moments}
    return tuple(sorted(moments, key=lambda moment: (stages.index(moment[0]), moment[1])))


def load_sample(folder: Path, line: SampleLine) -> Volume:
    """Read a sample; it may run in any thread.

    Raises:
        UnreadableFile: It is missing, damaged, or lies outside the run's folder.
    """
    path = folder / line.file
    if not path.resolve().is_relative_to(folder.resolve()):
        raise UnreadableFile(f"The sample {line.file} lies outside its run.", "The run's files are damaged.")
    try:
        with np.load(path, allow_pickle=False) as file:
            array = np.asarray(file["array"], np.float32)
            direction = tuple(tuple(float(v) for v in row) for row in np.asarray(file["direction"]).reshape(3, 3))
            spacing, origin = (tuple(float(v) for v in file[name]) for name in ("spacing_mm", "origin_mm"))
            unit = _UNITS.get(str(file["unit"]), "arbitrary")
        if array.ndim != 3 or len(spacing) != 3 or len(origin) != 3 or 0 in array.shape:
            raise ValueError(f"array of shape {array.shape}")
        grid = Grid(array.shape, spacing, origin, direction)  # type: ignore[arg-type]
        return Volume(np.nan_to_num(array), grid, unit=unit, synthetic=True, name=line.title)
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, CtStudioError) as error:
        raise UnreadableFile(f"The sample {line.file} cannot be read.", "Look at another one.", str(error)) from error


class SampleShelf:
    """Samples that were read, the ones used last kept within 256 MiB; a damaged one is remembered as such."""

    def __init__(self, kept_bytes: int = _KEPT_BYTES) -> None:
        self._kept_bytes = kept_bytes
        self._volumes: OrderedDict[tuple[Path, str], Volume | None] = OrderedDict()

    def has(self, folder: Path, line: SampleLine) -> bool:
        """Whether a sample was read, whatever came of it."""
        return (folder, line.file) in self._volumes

    def get(self, folder: Path, line: SampleLine) -> Volume | None:
        """A sample that was read; None for a damaged one, or one not read yet."""
        key = folder, line.file
        if key in self._volumes:
            self._volumes.move_to_end(key)
        return self._volumes.get(key)

    def put(self, folder: Path, line: SampleLine, volume: Volume | None) -> None:
        """Keep a sample, None for a damaged one; the ones not used for longest go."""
        self._volumes[folder, line.file] = volume
        while len(self._volumes) > 1 and self._used() > self._kept_bytes:
            self._volumes.popitem(last=False)

    def drop(self, folder: Path) -> None:
        """Let go of a run's samples."""
        for key in [key for key in self._volumes if key[0] == folder]:
            del self._volumes[key]

    def _used(self) -> int:
        return sum(volume.array.nbytes for volume in self._volumes.values() if volume is not None)
