"""A list of reports worked through by the engine, one chest at a time, so that other jobs come in between."""

from __future__ import annotations

import time
from pathlib import Path

from PySide6.QtCore import QObject, QTimer, Signal

from ctstudio.core.errors import CtStudioError
from ctstudio.jobs.job import Job
from ctstudio.protocol.result import Sample
from ctstudio.session.notices import Notices
from ctstudio.session.report_form import ReportForm
from ctstudio.session.report_list import ReportList, Wanted, read_list
from ctstudio.ui.background import Background
from ctstudio.ui.jobs_link import JobsLink

CHECK_MS = 350


class ReportListLink(QObject):
    """The window's side of a list; what is made is written at once and kept nowhere else.

    Signals:
        changed: `wanted`, `found`, `trouble` or the progress is another.
    """

    changed = Signal()

    def __init__(
        self, form: ReportForm, jobs: JobsLink, notices: Notices, background: Background, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._form, self._jobs, self._notices, self._background = form, jobs, notices, background
        self.wanted = Wanted()
        self.found: ReportList | None = None
        self.trouble: CtStudioError | None = None
        self.running = False
        self.made = 0
        self._job = ""
        self._row = ""
        self._asked = 0
        self._began = 0.0
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(CHECK_MS)
        self._soon.timeout.connect(self._check)
        form.changed.connect(lambda _: self.check_soon())
        jobs.queue.changed.connect(self._job_changed)

    @property
    def seconds_left(self) -> float | None:
        """Of the whole list, from the chests made since the start; None before the first is there."""
        if not self.running or not self.made or self.found is None:
            return None
        return (time.monotonic() - self._began) / self.made * len(self.found.missing)

    def want(self, wanted: Wanted) -> None:
        """Another table, folder or choice."""
        if wanted != self.wanted and not self.running:
            self.wanted = wanted
            self.check_soon()

    def check_soon(self) -> None:
        """Read the table when nobody has typed for a moment; not while it is worked through."""
        if not self.running:
            self._asked += 1
            self.found, self.trouble = None, None
            self._soon.start()
            self.changed.emit()

    def start(self) -> None:
        """Work through what is missing."""
        if self.found is not None and self.found.missing and not self.running:
            self.running, self.made, self._began = True, 0, time.monotonic()
            self._next()

    def stop(self) -> None:
        """Stop; what is done stays, and Start goes on."""
        if self.running:
            self._end("The list was stopped.", "Start goes on where it stopped.")
            self._jobs.queue.cancel(self._job)

    def _check(self) -> None:
        asked, wanted, form = self._asked, self.wanted, self._form

        def tell(found: ReportList | None, trouble: CtStudioError | None) -> None:
            if asked == self._asked:
                self.found, self.trouble = found, trouble
                self.changed.emit()

        work = self._background.run
        work(lambda: read_list(wanted, form), lambda found: tell(found, None), lambda error: tell(None, error))

    def _next(self) -> None:
        found = self.found
        if found is None or not found.missing:
            count = 0 if found is None else len(found.asked)
            self._end(f"All {count} chests of the list are made.")
            return
        row, request = found.missing[0]
        self._row = row.name
        self._job = request.id
        self._jobs.queue_alone(request, f"Report {len(found.done) + 1} of {len(found.asked)}")
        self.changed.emit()

    def _job_changed(self, job: Job) -> None:
        if job.id != self._job or not job.over:
            return
        self._jobs.queue.forget_arrays(job.id)
        if not self.running:
            return
        if job.state == "finished" and job.result is not None and self.found is not None:
            self._write(job.result.samples[0], self.found.folder, self._row)
        elif job.state == "failed":
            self._notices.say(f"{self._row}: {job.message}", job.remedy, "error", job.detail)
            self._end("")
        else:
            self._end("The list was stopped.", "Start goes on where it stopped.")

    def _write(self, sample: Sample, folder: Path, name: str) -> None:
        from ctstudio.io.samples import write_sample

        def failed(error: CtStudioError) -> None:
            self._notices.report(error)
            self._end("")

        self._background.run(lambda: write_sample(folder, sample, name), lambda _: self._written(name), failed)

    def _written(self, name: str) -> None:
        found = self.found
        if found is None:
            return
        self.made += 1
        self.found = ReportList(found.folder, found.asked, found.done | {name}, found.bad, found.notes)
        if self.running:
            self._next()
        self.changed.emit()

    def _end(self, text: str, remedy: str = "") -> None:
        self.running = False
        if text:
            self._notices.say(text, remedy)
        self.check_soon()
