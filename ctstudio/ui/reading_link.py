"""Ties the task "Structures of a chest CT" to the window: the open case, the engine, and the mask that comes of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer

from ctstudio.catalog.card import Card
from ctstudio.catalog.fit import Fit
from ctstudio.catalog.shelf import Model
from ctstudio.core.errors import CtStudioError
from ctstudio.jobs.job import Job
from ctstudio.session.document import Case
from ctstudio.session.reading_form import ReadingForm
from ctstudio.session.results import HasResults, SampleView
from ctstudio.session.viewing import Viewing
from ctstudio.ui.completed_anatomy import use_as_mask
from ctstudio.ui.reading_panel import NO_CASE, ReadingPanel

if TYPE_CHECKING:
    from ctstudio.ui.main_window import MainWindow

QUIET_MS = 250


class ReadingLink(QObject):
    """The task apart from its place in the window; its samples belong to the case that was read."""

    def __init__(self, window: MainWindow, card: Card) -> None:
        super().__init__(window)
        self._window = window
        self._asked = 0
        self._reading: dict[str, Case] = {}
        self.form = ReadingForm(card)
        self.panel = ReadingPanel(self.form)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(QUIET_MS)
        self._timer.timeout.connect(self._judge)
        self.panel.generate_asked.connect(window.generate)
        self.panel.trouble.connect(window.notices.report)
        self.form.changed.connect(lambda _: self._timer.start())
        window.document.active_changed.connect(lambda _: self._timer.start())
        window.link.queue.changed.connect(self._job_changed)

    @property
    def owner(self) -> HasResults | None:
        """None: samples are those of the active case."""
        return None

    @property
    def viewing(self) -> Viewing | None:
        """None: the case itself is in sight."""
        return None

    def generate(self) -> None:
        """Read the active case; what stands against it becomes a notice."""
        case = self._window.document.active
        try:
            request = self.form.build_request(case)
        except CtStudioError as error:
            self._window.notices.report(error)
            return
        if case is not None:
            self._reading[request.id] = case
            self._window.link.queue_up(case, request, "Reading the CT")

    def roll_seed(self) -> int:
        """Throw the dice."""
        return self.form.roll_seed()

    def open_list(self) -> None:
        """There is no list for this task."""
        self._window.notices.say("One CT is read at a time.", "Open it, then press Ctrl+Enter.")

    def switch(self, in_sight: bool) -> None:
        """The task came into sight, or went."""
        if in_sight:
            self._timer.start()

    def show_models(self, models: tuple[Model, ...], notes: tuple[str, ...]) -> None:
        """Offer the models of the system."""
        self.panel.model.show_models(models, notes)

    def rest(self) -> None:
        """Nothing is in the making in sight."""

    def look(self, view: SampleView) -> None:
        """The chosen sample shows itself."""

    def _judge(self) -> None:
        case, model = self._window.document.active, self.panel.model.chosen
        self._asked += 1
        asked, form, free = self._asked, self.form, self._window.link.free_bytes
        if case is None or not case.has_scan or model is None:
            self.panel.fit.show_findings((), NO_CASE)
            return

        def tell(found: list[Fit]) -> None:
            if asked == self._asked:
                self.panel.fit.show_findings(found, NO_CASE)

        self._window.background.run(lambda: form.findings(model, case, free), tell, self._window.notices.report)

    def _job_changed(self, job: Job) -> None:
        """Structures were read: they become the mask of a case that has none."""
        if not job.over or job.id not in self._reading:
            return
        case = self._reading.pop(job.id)
        view = next((v for v in case.results.items if v.request_id == job.id), None)
        if view is None:
            return
        if case.mask.empty and case is self._window.document.active:
            use_as_mask(self._window, view)
            return
        self._window.notices.say(
            f"Lobes, airway and vessels of {case.name} are read.",
            "Press the mask button on their card to take them as the mask.",
        )
