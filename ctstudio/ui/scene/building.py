"""Builds surfaces and volumes beside the window; what is not wanted any more is stopped and its results are dropped."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from threading import Event
from typing import Any

from PySide6.QtCore import QObject, Qt, Signal

from ctstudio.core.errors import Cancelled, CtStudioError
from ctstudio.core.volume import Volume
from ctstudio.session.painting import Painting
from ctstudio.ui.background import Background
from ctstudio.ui.scene.presets import Part


@dataclass
class Job:
    """One thing being built.

    Attributes:
        words: What it is, for people.
        total: Pieces.
        done: Pieces that are there.
        part: Of a volume.
        values: Labels whose surfaces are still to come, as the mask is now.
    """

    words: str
    total: int = 1
    done: int = 0
    part: str = ""
    values: set[int] = field(default_factory=set)
    stop: Event = field(default_factory=Event)


class Building(QObject):
    """Surfaces and volumes in the making, each in a thread.

    Signals:
        surface: A `Surface`, or the bare value of a label that has none.
        volume: The `Part` and its `VolumeField`.
        changed: Something began, went on or ended.
        failed: A `CtStudioError`.
    """

    surface = Signal(object)
    volume = Signal(str, object)
    changed = Signal()
    failed = Signal(object)
    _built = Signal(object, object)

    def __init__(self, background: Background, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._background = background
        self._surfaces: Job | None = None
        self._volume: Job | None = None
        self._built.connect(self._take, Qt.ConnectionType.QueuedConnection)

    @property
    def jobs(self) -> tuple[Job, ...]:
        """What is being built now."""
        return tuple(job for job in (self._surfaces, self._volume) if job is not None)

    @property
    def values(self) -> set[int]:
        """Labels whose surfaces are under way."""
        return set() if self._surfaces is None else self._surfaces.values

    @property
    def making(self) -> str:
        """The part of the scan that is under way; "" when none is."""
        return "" if self._volume is None else self._volume.part

    def outdate(self, values: set[int]) -> None:
        """These labels changed: what is under way of them is not what is wanted."""
        if self._surfaces is not None:
            self._surfaces.values -= values

    @property
    def share(self) -> float:
        """How much of it is there, 0 to 1."""
        total = sum(job.total for job in self.jobs)
        return sum(job.done for job in self.jobs) / total if total else 1.0

    def build_surfaces(self, mask: Painting, values: Sequence[int], spare: bool) -> None:
        """Build surfaces of some labels of a mask, in place of what was asked before."""
        self._stop(self._surfaces)
        job = self._surfaces = Job("surfaces", len(values), values=set(values))

        def work() -> None:
            from ctstudio.ui.scene.surfaces import build_surfaces

            for made in build_surfaces(mask.array, mask.grid, values, spare, job.stop.is_set):
                self._built.emit(job, made)

        self._run(job, work, lambda _: None)

    def build_volume(self, volume: Volume, part: Part, spare: bool) -> None:
        """Make a scan ready to be drawn, in place of what was asked before."""
        self._stop(self._volume)
        job = self._volume = Job("volume", part=part)

        def work() -> object:
            from ctstudio.ui.scene.volume_field import volume_field

            return volume_field(volume, part, spare, job.stop.is_set)

        self._run(job, work, lambda made: self.volume.emit(part, made))

    def cancel(self) -> None:
        """Stop what is being built; it ends within the piece it is at."""
        for job in self.jobs:
            self._stop(job)
        self._surfaces = self._volume = None
        self.changed.emit()

    def _run(self, job: Job, work: Callable[[], object], then: Callable[[object], object]) -> None:
        def ended(made: object) -> None:
            if not job.stop.is_set():
                self._forget(job)
                then(made)

        def failed(error: CtStudioError) -> None:
            wanted = not job.stop.is_set()
            self._forget(job)
            if wanted and not isinstance(error, Cancelled):
                self.failed.emit(error)

        self._background.run(work, ended, failed)
        self.changed.emit()

    def _take(self, job: Job, made: Any) -> None:
        if not job.stop.is_set():
            job.done += 1
            job.values.discard(made if isinstance(made, int) else made.value)
            self.surface.emit(made)
            self.changed.emit()

    def _forget(self, job: Job) -> None:
        self._surfaces = None if job is self._surfaces else self._surfaces
        self._volume = None if job is self._volume else self._volume
        self.changed.emit()

    def _stop(self, job: Job | None) -> None:
        if job is not None:
            job.stop.set()
