"""The batches that the user's windows have started: which is at work, and what is said when one ends."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from psygnal import Signal

from ctstudio.jobs.training_status import RunStatus
from ctstudio.protocol.training_run import State
from ctstudio.session.notices import Notices


class Batches:
    """How all known batches stand.

    Signals:
        changed: Something about them is another than before.
    """

    changed = Signal()

    def __init__(self, notices: Notices) -> None:
        self._notices = notices
        self._statuses: tuple[RunStatus, ...] = ()
        self._told: dict[Path, State] = {}
        self._first = True

    @property
    def statuses(self) -> tuple[RunStatus, ...]:
        """All of them, the newest first."""
        return self._statuses

    @property
    def at_work(self) -> RunStatus | None:
        """The newest that is at work."""
        return next((status for status in self._statuses if not status.over), None)

    @property
    def shown(self) -> RunStatus | None:
        """The one to look at: at work, else the newest that is not finished, else the newest."""
        open_ones = (status for status in self._statuses if status.info.state != "finished")
        return self.at_work or next(open_ones, None) or next(iter(self._statuses), None)

    def take(self, statuses: Sequence[RunStatus]) -> None:
        """How all batches stand now, the newest first."""
        if tuple(statuses) == self._statuses and not self._first:
            return
        self._statuses = tuple(statuses)
        for status in statuses:
            self._tell(status)
        self._first = False
        self.changed.emit()

    def _tell(self, status: RunStatus) -> None:
        """Say once that a batch has ended, or at the start that one waits to go on."""
        info = status.info
        before = self._told.get(status.folder)
        self._told[status.folder] = info.state
        if before == info.state or (before is None and not self._first):
            return
        if before is None:
            if info.state in ("stopped", "failed"):
                text = f"The data set {info.title} is not finished: {info.step} of {info.steps} samples are done."
                self._notices.say(text, "Open Generate a data set, and press Go on.")
        elif info.state == "finished":
            self._notices.say(f"The data set {info.title} is finished.", f"It lies in {status.folder.parent}.")
        elif info.state == "failed":
            self._notices.say(f"The data set {info.title} has failed: {info.message}", info.remedy, "error")
        elif info.state == "stopped":
            text = f"The data set {info.title} was stopped after {info.step} of {info.steps} samples."
            self._notices.say(text, "Go on with it from the sheet Generate a data set.")
