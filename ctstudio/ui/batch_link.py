"""Batches beside the window: the form is checked and timed, processes are started, watched and stopped."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, QTimer, Signal

from ctstudio.catalog.batch import BatchSettings
from ctstudio.core.errors import CtStudioError
from ctstudio.jobs.batch_runs import BatchRuns
from ctstudio.session.batch_check import BatchCheck, BatchChecks
from ctstudio.session.batch_form import BatchForm
from ctstudio.session.batches import Batches
from ctstudio.session.notices import Notices
from ctstudio.ui.background import Background, reporting

LOOK_MS = 1000
CHECK_MS = 350


@dataclass
class Looking:
    """How far the masks have been looked at; written by a thread, read by the window's."""

    done: int = 0
    total: int = 0
    what: str = ""

    def tell(self, done: int, total: int, what: str) -> None:
        """Told by the thread."""
        self.done, self.total, self.what = done, total, what


class BatchLink(QObject):
    """The window's side of batches; errors of deeds become notices, those of the form stay with the form.

    Signals:
        check_changed: `check`, `trouble`, `seconds` or `checking` is another.
    """

    check_changed = Signal()

    def __init__(self, form: BatchForm, notices: Notices, runs: BatchRuns, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.form, self.notices, self.runs = form, notices, runs
        self.batches = Batches(notices)
        self.check: BatchCheck | None = None
        self.trouble: CtStudioError | None = None
        self.looking = Looking()
        self.starting = False
        self._checks = BatchChecks()
        self._paces: dict[tuple[object, ...], float] = {}
        self._checking: threading.Event | None = None
        self._timing: threading.Event | None = None
        self._checker = Background(self, threads=1)
        self._deeds = Background(self, threads=3)
        self._asking = False
        self._soon = _timer(self, CHECK_MS, self._begin_check, once=True)
        self._watch = _timer(self, LOOK_MS, self.look)
        form.changed.connect(self.check_soon)

    def start(self) -> None:
        """Look for batches, and go on looking."""
        self._watch.start()
        self.look()

    def close(self) -> None:
        """Stop looking; batches at work go on by themselves."""
        self._watch.stop()
        self._soon.stop()
        for event in (self._checking, self._timing):
            if event is not None:
                event.set()
        self._checker.close()
        self._deeds.close()

    # The form.

    @property
    def checking(self) -> bool:
        """Whether a check waits or is under way."""
        return self._checking is not None or self._soon.isActive()

    @property
    def seconds(self) -> float | None:
        """How long the checked batch will take; None while that is not known."""
        if self.check is None:
            return None
        pace = self._paces.get(self.check.pace_key)
        return None if pace is None else pace * self.check.counts.slices

    def check_soon(self, _name: str = "") -> None:
        """Check the form when nobody has typed for a moment."""
        if self._checking is not None:
            self._checking.set()
        if self._timing is not None:
            self._timing.set()
        self.check, self.trouble, self.looking = None, None, Looking()
        self._soon.start()
        self.check_changed.emit()

    def _begin_check(self) -> None:
        try:
            settings = self.form.settings()
        except CtStudioError as error:
            self._failed(error)
            return
        folder, cancelled, looking = self.form.folder(settings), threading.Event(), Looking()
        self._checking, self.looking = cancelled, looking
        work = self._checks.check
        self._checker.run(
            lambda: work(settings, folder, looking.tell, cancelled.is_set),
            lambda found: self._checked(found, cancelled),
            lambda error: self._failed(error, cancelled),
        )
        self.check_changed.emit()

    def _checked(self, found: BatchCheck, cancelled: threading.Event) -> None:
        if cancelled.is_set():
            return
        self._checking, self.check = None, found
        self.check_changed.emit()
        if found.pace_key not in self._paces and found.counts.slices and self.batches.at_work is None:
            self._time(found)

    def _failed(self, error: CtStudioError, cancelled: threading.Event | None = None) -> None:
        if cancelled is None or not cancelled.is_set():
            self._checking, self.trouble = None, error
            self.check_changed.emit()

    def _time(self, found: BatchCheck) -> None:
        """Let a process make a few slices, to know how long all of them take."""
        cancelled, runs = threading.Event(), self.runs
        self._timing = cancelled

        def timed(facts: dict[str, Any]) -> None:
            self._paces[found.pace_key] = float(facts.get("seconds_per_slice", 0.0))
            self.check_changed.emit()

        self._do(lambda: runs.estimate(found.settings, found.folder, cancelled), timed)

    # Deeds.

    def begin(self) -> None:
        """Start the checked batch."""
        found = self.check
        if found is not None and not self.starting:
            told = f"Making the data set {found.folder.name}. It goes on when the window is closed."
            self._launch(lambda: self.runs.start(found.settings, found.folder), told)

    def go_on(self) -> None:
        """Go on with the batch that was stopped or has failed."""
        status = self.batches.shown
        if status is None or not status.over or self.starting:
            return
        try:
            settings = BatchSettings.model_validate(status.info.settings)
        except ValueError:
            text = f"{status.info.title} cannot go on: it never began."
            self.notices.say(text, "Start it again with the same choices.", "warning")
            return
        folder = status.folder.parent
        self._launch(lambda: self.runs.go_on(folder, settings), f"{folder.name} goes on.")

    def stop(self) -> None:
        """Let the batch at work stop after its present step."""
        status = self.batches.at_work
        if status is not None:
            folder = status.folder.parent
            self._do(lambda: self.runs.stop(folder), lambda _: self.look())

    def forget(self) -> None:
        """Take the shown batch off the list; its files stay."""
        status = self.batches.shown
        if status is not None and status.over:
            folder = status.folder.parent
            self._do(lambda: self.runs.forget(folder), lambda _: self.look())

    def look(self) -> None:
        """See how all batches stand, unless that is being done."""
        if self._asking:
            return
        self._asking = True

        def seen(statuses: Any) -> None:
            self._asking = False
            before = self.batches.at_work
            self.batches.take(statuses)
            if before is not None and self.batches.at_work is None:
                self.check_soon()  # the folder holds more now

        self._do(self.runs.statuses, seen, lambda _: setattr(self, "_asking", False))

    def _launch(self, work: Callable[[], object], told: str) -> None:
        self.starting = True
        self.check_changed.emit()
        if self._timing is not None:
            self._timing.set()

        def done(_: object) -> None:
            self.starting = False
            self.notices.say(told)
            self.check_changed.emit()
            self.look()

        def failed(_: CtStudioError) -> None:
            self.starting = False
            self.check_changed.emit()

        self._do(work, done, failed)

    def _do(
        self,
        work: Callable[[], Any],
        then: Callable[[Any], object],
        after_failure: Callable[[CtStudioError], object] = lambda _: None,
    ) -> None:
        self._deeds.run(work, then, reporting(self.notices.report, after_failure))


def _timer(parent: QObject, milliseconds: int, run: Callable[[], object], once: bool = False) -> QTimer:
    timer = QTimer(parent)
    timer.setInterval(milliseconds)
    timer.setSingleShot(once)
    timer.timeout.connect(run)
    return timer


def user_data_sets_dir() -> Path:
    """Where data sets go unless one chooses another place."""
    from platformdirs import user_data_path

    return user_data_path("ctstudio", appauthor=False) / "nnUNet_raw"
