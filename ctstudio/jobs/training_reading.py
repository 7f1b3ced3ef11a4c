"""Follows what a training run writes, a piece at a time: only what is new is read."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from pydantic import BaseModel

from ctstudio.protocol.training_run import RunFiles, SampleLine, StepLine, ValidationLine, read_records

PIECE_BYTES = 1 << 18
"""About 1300 steps: a few milliseconds."""

Record = TypeVar("Record", bound=BaseModel)


@dataclass(frozen=True)
class Fresh:
    """What is new in a run's files.

    Attributes:
        folder: The run's.
        restarted: The files were written anew: what was read before no longer holds.
        steps, validations, samples: New lines, in order.
        more: Whether there is more to read at once.
    """

    folder: Path
    restarted: bool = False
    steps: tuple[StepLine, ...] = ()
    validations: tuple[ValidationLine, ...] = ()
    samples: tuple[SampleLine, ...] = ()
    more: bool = False

    @property
    def empty(self) -> bool:
        """Whether nothing is new."""
        return not (self.restarted or self.steps or self.validations or self.samples)


class RunReader:
    """Reads one run's lines. One thread at a time may use it."""

    def __init__(self, folder: Path) -> None:
        files = RunFiles(folder)
        self.folder = folder
        self._steps = _Tail(files.steps, StepLine)
        self._validations = _Tail(files.validations, ValidationLine)
        self._samples = _Tail(files.samples, SampleLine)

    def read(self, at_most: int = PIECE_BYTES) -> Fresh:
        """What was written since the last call, about `at_most` bytes of each file."""
        tails = (self._steps, self._validations, self._samples)
        restarted = [tail.written_anew() for tail in tails]
        if any(restarted):
            for tail in tails:
                tail.rewind()
        return Fresh(
            self.folder,
            any(restarted),
            tuple(self._steps.read(at_most)),
            tuple(self._validations.read(at_most)),
            tuple(self._samples.read(at_most)),
            any(tail.behind for tail in tails),
        )


class _Tail(Generic[Record]):
    """One file of lines, and how far it has been read."""

    def __init__(self, path: Path, kind: type[Record]) -> None:
        self._path = path
        self._kind = kind
        self._offset = 0
        self._number = 0
        self.behind = False

    def written_anew(self) -> bool:
        """Whether the file is another one, or shorter, than what was read."""
        try:
            now = self._path.stat()
        except OSError:
            return self._offset > 0
        return self._offset > 0 and (now.st_size < self._offset or now.st_ino != self._number)

    def rewind(self) -> None:
        """Begin again at the top."""
        self._offset = 0

    def read(self, at_most: int) -> list[Record]:
        """The next whole lines."""
        records, after = read_records(self._path, self._kind, self._offset, at_most)
        try:
            now = self._path.stat()
        except OSError:
            self.behind = False
            return records
        self._number = now.st_ino
        self.behind = after > self._offset and after < now.st_size
        self._offset = after
        return records
