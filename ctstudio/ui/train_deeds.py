"""What the Train page can do to runs: start, pause, go on, stop, clone, compare, promote, estimate."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, QUrl, Signal
from PySide6.QtGui import QDesktopServices

from ctstudio.core.errors import CtStudioError
from ctstudio.jobs.training_errands import Estimate, estimate, promote
from ctstudio.jobs.training_places import Launch
from ctstudio.jobs.training_status import RunStatus, status_of
from ctstudio.session.training_check import Problem, problems
from ctstudio.ui.background import Background, reporting
from ctstudio.ui.train_link import TrainLink


class TrainDeeds(QObject):
    """Does everything beside the window; errors become notices."""

    problems_found = Signal(tuple)
    """What is wrong with the form, as `Problem`s; empty when it can be started."""
    estimated = Signal(object)
    """An `Estimate`, or None when there is none."""
    busy_changed = Signal()
    promoted = Signal(str)
    """Name of a model that is new on the shelf."""

    def __init__(self, link: TrainLink, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._link = link
        self._background = Background(self, threads=2)
        self._closing = threading.Event()
        self._estimating: threading.Event | None = None
        self.starting = False
        link.form.changed.connect(self._form_changed)

    @property
    def estimating(self) -> bool:
        """Whether an estimate is being made."""
        return self._estimating is not None

    def close(self) -> None:
        """Let go of what is under way; runs and promotions go on by themselves."""
        self._closing.set()
        self.cancel_estimate()
        self._background.close()

    # A new run.

    def check(self) -> None:
        """Look for what would keep the form from being started."""
        form = self._link.form
        if form.settings:
            settings, folder, models = form.settings, form.folder, self._link.shelf.models
            self._run(lambda: problems(settings, folder, models), self.problems_found.emit)

    def start(self) -> None:
        """Start the form's run, unless something is wrong with it."""
        form = self._link.form
        if self.starting or not form.settings:
            return
        settings, folder, models = form.settings, form.folder.resolve(), self._link.shelf.models

        def work() -> tuple[tuple[Problem, ...], Launch | None]:
            found = problems(settings, folder, models)
            return found, None if found else self._link.runs.start(settings, folder)

        self.starting = True
        self.busy_changed.emit()
        self._run(work, lambda done: self._started(folder, *done), lambda _: self._not_starting())

    def _started(self, folder: Path, found: tuple[Problem, ...], launch: Launch | None) -> None:
        self._not_starting()
        self.problems_found.emit(found)
        if launch is None:
            self._link.notices.say(found[0].text, found[0].remedy, "error")
            return
        self._link.begin_anew(folder)
        self._link.training.started(folder, status_of(folder, launch))
        text = f"Started {launch.title}. It goes on when the window is closed."
        self._link.notices.say(text, f"Its files lie in {folder}.")
        self._link.form.folder = None
        self.check()

    def _not_starting(self) -> None:
        self.starting = False
        self.busy_changed.emit()

    def estimate(self, price: float = 0.0) -> None:
        """Find out what the form's run will take; asked again, the work is cancelled."""
        if self._estimating is not None or not self._link.form.settings:
            self.cancel_estimate()
            return
        cancelled, settings, words = threading.Event(), self._link.form.settings, self._link.runs.words
        self._estimating = cancelled
        self.busy_changed.emit()
        self._run(lambda: estimate(words, settings, price, cancelled), self._estimated, lambda _: self._estimated(None))

    def cancel_estimate(self) -> None:
        """Give up an estimate under way."""
        if self._estimating is not None:
            self._estimating.set()

    def _form_changed(self, name: str) -> None:
        """An estimate of other settings is of no use."""
        if name not in ("title", "folder"):
            self.cancel_estimate()

    def _estimated(self, found: Estimate | None) -> None:
        self._estimating = None
        self.estimated.emit(found)
        self.busy_changed.emit()

    # The chosen run.

    def pause_or_resume(self) -> None:
        """Pause a run at work; let a paused one go on; start a stopped or failed one again."""
        status = self._chosen()
        if status is None:
            return
        title, folder, runs = status.info.title, status.folder, self._link.runs
        if status.info.state == "finished":
            self._link.notices.say(f"{title} has finished.", "Clone it to train again.")
        elif status.over:
            self._say_when_done(lambda: runs.resume(folder), f"Started {title} again, from its last checkpoint.")
        elif status.info.state == "paused":
            self._say_when_done(lambda: runs.wish(folder, "run"), f"{title} goes on.")
        else:
            self._say_when_done(lambda: runs.wish(folder, "pause"), f"{title} pauses after this step.")

    def stop(self) -> None:
        """Stop a run at its next step; it can be resumed."""
        status = self._chosen()
        if status is None:
            return
        if status.over:
            self._link.notices.say(f"{status.info.title} is not at work.")
            return
        folder, runs = status.folder, self._link.runs
        told = f"{status.info.title} stops after this step and keeps a checkpoint. Resume goes on from there."
        self._say_when_done(lambda: runs.wish(folder, "stop"), told)

    def clone(self) -> None:
        """Take the chosen run's settings into the form."""
        status = self._chosen()
        if status is None:
            return
        try:
            self._link.form.clone(status.info.settings)
        except CtStudioError as error:
            self._link.notices.say(f"{status.info.title} cannot be cloned: {error.message}", error.remedy, "error")
            return
        text = f"The form now holds the settings of {status.info.title}."
        self._link.notices.say(text, "Change what you like, then press Start.")

    def compare(self) -> None:
        """Keep the chosen run in the plots while others are looked at, or no longer."""
        status = self._chosen()
        if status is not None:
            training = self._link.training
            training.compare(status.folder, not training.is_compared(status.folder))

    def promote(self, name: str, checkpoint: str) -> None:
        """Put a checkpoint of the chosen run on the shelf."""
        status = self._chosen()
        if status is None:
            return
        folder, words = status.folder, self._link.runs.words
        self._link.notices.say(f"Promoting {status.info.title} to the model {name} …")

        def done(_facts: dict[str, Any]) -> None:
            self._link.notices.say(f"The model {name} is on the shelf.", "Choose it on the Generate page.")
            self._link.look_at_shelf()
            self.promoted.emit(name)

        self._run(lambda: promote(words, folder, name, checkpoint, self._closing), done)

    def remove(self) -> None:
        """Take the chosen run off the list; its files stay."""
        status = self._chosen()
        if status is None:
            return
        folder, runs = status.folder, self._link.runs
        told = f"{status.info.title} is off the list. Its files stay in {folder}."
        self._say_when_done(lambda: runs.remove(folder), told)

    def add(self, folder: Path) -> None:
        """Put a run that lies elsewhere on the list."""
        self._say_when_done(lambda: self._link.runs.add(folder.resolve()), f"{folder.name} is on the list.")

    def open_folder(self) -> None:
        """Show the chosen run's files."""
        status = self._chosen()
        if status is not None:
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(status.folder)))

    def read(self, work: Callable[[], Any], then: Callable[[Any], object]) -> None:
        """Do some reading beside the window."""
        self._run(work, then)

    def _chosen(self) -> RunStatus | None:
        status = self._link.training.chosen
        if status is None:
            self._link.notices.say("No training run is chosen.", "Choose one in the list, or start a new one.")
        return status

    def _say_when_done(self, work: Callable[[], object], told: str) -> None:
        def done(_: object) -> None:
            self._link.notices.say(told)
            self._link.look()

        self._run(work, done)

    def _run(
        self,
        work: Callable[[], Any],
        then: Callable[[Any], object],
        after_failure: Callable[[CtStudioError], object] = lambda _: None,
    ) -> None:
        self._background.run(work, then, reporting(self._link.notices.report, after_failure))
