"""The training runs as the Train page shows them: which there are, which are looked at, and what they have written."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from psygnal import Signal

from ctstudio.jobs.training_reading import Fresh
from ctstudio.jobs.training_status import RunStatus
from ctstudio.protocol.training_run import State
from ctstudio.session.notices import Notices
from ctstudio.session.training_curves import RunCurves
from ctstudio.session.training_samples import Moment, SampleShelf, SampleTimeline, union_of_moments


class Training:
    """All known runs; one is chosen, others may be compared with it.

    Signals:
        runs_changed: Runs came, went, or stand differently.
        shown_changed: Other runs are looked at.
        curves_changed: A run that is looked at has new steps or validations.
        samples_changed: A run that is looked at has new samples, or another moment is looked at.
    """

    runs_changed = Signal()
    shown_changed = Signal()
    curves_changed = Signal()
    samples_changed = Signal()

    def __init__(self, notices: Notices) -> None:
        self.samples = SampleShelf()
        self._notices = notices
        self._runs: dict[Path, RunStatus] = {}
        self._chosen: Path | None = None
        self._compared: list[Path] = []
        self._curves: dict[Path, RunCurves] = {}
        self._timelines: dict[Path, SampleTimeline] = {}
        self._moment: Moment | None = None
        self._told: dict[Path, State] = {}

    # Which runs there are.

    @property
    def runs(self) -> tuple[RunStatus, ...]:
        """All runs, the newest first."""
        return tuple(self._runs.values())

    @property
    def chosen(self) -> RunStatus | None:
        """The run that buttons act on."""
        return None if self._chosen is None else self._runs.get(self._chosen)

    @property
    def shown(self) -> tuple[RunStatus, ...]:
        """The runs that are drawn: the compared ones and the chosen one, in the order of their colours."""
        folders = dict.fromkeys([*self._compared, *([self._chosen] if self._chosen is not None else [])])
        return tuple(self._runs[folder] for folder in folders if folder in self._runs)

    def take_runs(self, statuses: Sequence[RunStatus]) -> None:
        """How all runs stand now, the newest first."""
        found = {status.folder: status for status in statuses}
        if list(found.items()) == list(self._runs.items()):
            return
        self._runs = found
        for status in found.values():
            self._tell_end(status)
        gone = {*self._compared, *filter(None, [self._chosen])} - found.keys()
        self._compared = [folder for folder in self._compared if folder in found]
        if self._chosen not in found:
            self._chosen = next(iter(found), None)
        self.runs_changed.emit()
        if gone or (self._chosen is not None and self._chosen not in self._curves):
            self._shown_changed()

    def choose(self, folder: Path) -> None:
        """Look at a run."""
        if folder in self._runs and folder != self._chosen:
            self._chosen = folder
            self._shown_changed()

    def step(self, by: int) -> None:
        """Look at the next run in the list, or one before."""
        folders = list(self._runs)
        if folders:
            at = folders.index(self._chosen) + by if self._chosen in folders else 0
            self.choose(folders[min(max(at, 0), len(folders) - 1)])

    def is_compared(self, folder: Path) -> bool:
        """Whether a run stays in the plots while others are chosen."""
        return folder in self._compared

    def compare(self, folder: Path, compared: bool) -> None:
        """Keep a run in the plots while others are chosen, or no longer."""
        if folder in self._runs and compared != (folder in self._compared):
            if compared:
                self._compared.append(folder)
            else:
                self._compared.remove(folder)
            self._shown_changed()

    def started(self, folder: Path, status: RunStatus | None = None) -> None:
        """A new run was started from here: look at it, from its beginning."""
        self._forget(folder)
        if status is not None:
            self._runs = {folder: status, **{key: one for key, one in self._runs.items() if key != folder}}
        self._told.pop(folder, None)
        self._chosen = folder
        self.runs_changed.emit()
        self._shown_changed()

    # What they have written.

    def curves(self, folder: Path) -> RunCurves:
        """A run's curves as far as they have been read."""
        return self._curves.setdefault(folder, RunCurves())

    def timeline(self, folder: Path) -> SampleTimeline:
        """A run's samples as far as they are known."""
        return self._timelines.setdefault(folder, SampleTimeline())

    def take_fresh(self, fresh: Fresh) -> None:
        """What a run has written since the last time."""
        if fresh.empty:
            return
        if fresh.restarted:
            self._forget(fresh.folder)
        self.curves(fresh.folder).add_steps(fresh.steps)
        self.curves(fresh.folder).add_validations(fresh.validations)
        at_end = self._moment is None
        self.timeline(fresh.folder).add(fresh.samples)
        if fresh.folder not in {status.folder for status in self.shown}:
            return
        self.curves_changed.emit()
        if fresh.samples or fresh.restarted or at_end:
            self.samples_changed.emit()

    # When samples are looked at.

    @property
    def moments(self) -> tuple[Moment, ...]:
        """When the shown runs drew samples."""
        return union_of_moments([self.timeline(status.folder) for status in self.shown])

    @property
    def moment(self) -> Moment | None:
        """The moment looked at; the newest unless one was chosen; None without samples."""
        moments = self.moments
        return self._moment if self._moment in moments else (moments[-1] if moments else None)

    def look_at_moment(self, place: int) -> None:
        """Look at the moment of a place in `moments`; the last place follows what comes."""
        moments = self.moments
        if not moments:
            return
        place = min(max(place, 0), len(moments) - 1)
        wanted = None if place == len(moments) - 1 else moments[place]
        if wanted != self._moment:
            self._moment = wanted
            self.samples_changed.emit()

    def step_moment(self, by: int) -> None:
        """Look at a later moment, or an earlier one."""
        if self.moment is not None:
            self.look_at_moment(self.moments.index(self.moment) + by)

    def _shown_changed(self) -> None:
        self._moment = None
        self.shown_changed.emit()
        self.curves_changed.emit()
        self.samples_changed.emit()

    def _forget(self, folder: Path) -> None:
        self._curves.pop(folder, None)
        self._timelines.pop(folder, None)
        self.samples.drop(folder)

    def _tell_end(self, status: RunStatus) -> None:
        """Say once that a run has ended, when it was seen at work before."""
        before = self._told.get(status.folder)
        self._told[status.folder] = status.info.state
        if before is None or before == status.info.state:
            return
        info = status.info
        if info.state == "finished":
            self._notices.say(f"{info.title} has finished.", "Promote it to put the model on the shelf.")
        elif info.state == "failed":
            text = f"{info.title} has failed: {info.message}".rstrip(": ")
            self._notices.say(text, info.remedy, "error")
