"""Ties a task on the open case to the window: the request, the engine, and what came of it in sight."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer

from ctstudio.catalog.card import Card
from ctstudio.catalog.fit import Fit
from ctstudio.catalog.shelf import Model
from ctstudio.core.errors import CtStudioError
from ctstudio.core.labels import LabelMap
from ctstudio.jobs.job import Job
from ctstudio.session.document import Case
from ctstudio.session.results import HasResults, SampleView
from ctstudio.session.scan_task_form import LESION, ScanTaskForm, organs_in
from ctstudio.session.viewing import Viewing
from ctstudio.ui.anomaly_result import AnomalyResult
from ctstudio.ui.chosen_sample import ChosenSample
from ctstudio.ui.completed_anatomy import use_as_mask
from ctstudio.ui.image_result import ImageResult
from ctstudio.ui.scan_task_panel import ScanTaskPanel

if TYPE_CHECKING:
    from ctstudio.ui.main_window import MainWindow

QUIET_MS = 250


class ScanTaskLink(QObject):
    """The task apart from its place in the window; its samples belong to the case that was open."""

    def __init__(self, window: MainWindow, card: Card) -> None:
        super().__init__(window)
        self._window = window
        self._asked = 0
        self._in_sight = False
        self._looked_at: Case | None = None
        self._at_work: dict[str, Case] = {}
        self.form = ScanTaskForm(card)
        self.panel = ScanTaskPanel(self.form)
        self.chosen = ChosenSample(window, card)
        self.result = self._result(card)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(QUIET_MS)
        self._timer.timeout.connect(self._judge)
        self.panel.generate_asked.connect(window.generate)
        self.panel.organs_asked.connect(window.organs.open)
        self.panel.trouble.connect(window.notices.report)
        self.form.changed.connect(lambda name: self._timer.start() if name != "seed" else None)
        window.document.active_changed.connect(self._show_case)
        window.link.queue.changed.connect(self._job_changed)
        self._show_case(window.document.active)

    @property
    def compares(self) -> bool:
        """Whether what comes of it is shown beside the case: every image is, labels alone are not."""
        return any(one.kind != "mask" for one in self.form.card.outputs)

    @property
    def owner(self) -> HasResults | None:
        """None: samples are those of the active case."""
        return None

    @property
    def viewing(self) -> Viewing | None:
        """None: the case itself is in sight."""
        return None

    def generate(self) -> None:
        """Work on the active case; what stands against it becomes a notice."""
        case = self._window.document.active
        try:
            request = self.form.build_request(case)
        except CtStudioError as error:
            self._window.notices.report(error)
            return
        if case is not None:
            self._at_work[request.id] = case
            lesion = request.inputs.get(LESION)
            if isinstance(self.result, ImageResult) and isinstance(lesion, LabelMap):
                self.result.remember(request.id, lesion)
            self._window.link.queue_up(case, request, self.form.card.title)
            self.form.after_submit()

    def step_finding(self, by: int) -> None:
        """Go to the next finding, or the one before, where the task has findings."""
        if isinstance(self.result, AnomalyResult):
            self.result.step(by)

    def roll_seed(self) -> int:
        """Throw the dice."""
        return self.form.roll_seed()

    def open_list(self) -> None:
        """There is no list for this task."""
        self._window.notices.say("This task works on one case at a time.", "Open it, then press Ctrl+Enter.")

    def switch(self, in_sight: bool) -> None:
        """The task came into sight, or went."""
        self._in_sight = in_sight
        if not in_sight and isinstance(self.result, ImageResult):
            self.result.leave()
        if in_sight:
            self.chosen.soon()
            self._mask_changed()
            self._timer.start()

    def show_models(self, models: tuple[Model, ...], notes: tuple[str, ...]) -> None:
        """Offer the models of the system."""
        self.panel.model.show_models(models, notes)

    def rest(self) -> None:
        """Nothing is in the making in sight."""

    def look(self, view: SampleView) -> None:
        """The chosen sample shows itself."""

    # What happens.

    def _result(self, card: Card) -> AnomalyResult | ImageResult | None:
        """What came of it, in the panel."""
        kinds = {one.kind for one in card.outputs}
        if not kinds & {"scan", "anomaly"}:
            return None
        shown: AnomalyResult | ImageResult
        anomaly = "anomaly" in kinds
        shown = AnomalyResult(self._window, self.chosen) if anomaly else ImageResult(self._window, self.chosen, card)
        self.panel.result.addWidget(shown)
        return shown

    def _show_case(self, case: Case | None) -> None:
        if self._looked_at is not None:
            self._looked_at.mask.history.changed.disconnect(self._mask_changed)
        self._looked_at = case
        if case is not None:
            case.mask.history.changed.connect(self._mask_changed)
        self._mask_changed()

    def _mask_changed(self, *_: object) -> None:
        if self._in_sight:
            self.panel.show_given(self.form.given(self._looked_at))
            self.panel.show_organs(organs_in(self._looked_at))
            self._timer.start()

    def _judge(self) -> None:
        case, model = self._looked_at, self.panel.model.chosen
        self._asked += 1
        asked, form, free = self._asked, self.form, self._window.link.free_bytes
        if case is None or model is None or not any(one.there for one in form.given(case)):
            self.panel.fit.show_findings(())
            return

        def tell(found: list[Fit]) -> None:
            if asked == self._asked:
                self.panel.fit.show_findings(found)

        self._window.background.run(lambda: form.findings(model, case, free), tell, self._window.notices.report)

    def _job_changed(self, job: Job) -> None:
        """A job is over. Labels alone become the mask of a case that has none."""
        if not job.over or job.id not in self._at_work:
            return
        case = self._at_work.pop(job.id)
        view = next((v for v in case.results.items if v.request_id == job.id), None)
        if view is None or self.compares:
            return
        if case.mask.empty and case is self._window.document.active:
            use_as_mask(self._window, view)
            return
        self._window.notices.say(
            f"{self.form.card.outputs[0].title} of {case.name} are read.",
            "Press the mask button on their card to take them as the mask.",
        )
