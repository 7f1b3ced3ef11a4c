"""Ties the task "Chest CT from a report" to the window: words, engine, the chest in the making, what came of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from ctstudio.catalog.card import Card
from ctstudio.catalog.fit import Fit
from ctstudio.catalog.shelf import Model
from ctstudio.core.errors import CtStudioError
from ctstudio.core.volume import Volume
from ctstudio.jobs.job import Job
from ctstudio.protocol.events import EngineEvent, Stepped
from ctstudio.session.case_anatomy import anatomy_in
from ctstudio.session.document import Case
from ctstudio.session.generated_chests import GeneratedChests, name_of, report_of
from ctstudio.session.report_form import ReportForm
from ctstudio.session.report_pair import ReportPair
from ctstudio.session.results import HasResults, SampleView
from ctstudio.session.stage_words import stage_place
from ctstudio.session.viewing import Viewing
from ctstudio.session.words_compared import WordsCompared, compare_words
from ctstudio.ui.chest_stage import ChestStage
from ctstudio.ui.report_fit import ReportFit
from ctstudio.ui.report_lists import ReportLists
from ctstudio.ui.report_panel import ReportPanel
from ctstudio.ui.report_words import ReportWords

if TYPE_CHECKING:
    from ctstudio.ui.main_window import MainWindow

_HINT = "Write a report and press Generate.\nThe chest appears here as a case of its own."


class ReportLink(QObject):
    """The task apart from its place in the window."""

    compares = False  # a chest is a case of its own: there is no original beside it

    def __init__(self, window: MainWindow, card: Card) -> None:
        super().__init__(window)
        self._window = window
        self._in_sight = False
        self._watching = False
        self._unseen: SampleView | None = None
        self._pair: ReportPair | None = None
        self._ready: WordsCompared | None = None
        self._looked_at: Case | None = None
        self._place = ""
        self._hint = ""
        self.form = ReportForm(card)
        self.form.roll_seed()
        self.chests = GeneratedChests(window.document)
        self.panel = ReportPanel(self.form)
        self.stage = ChestStage(window.stage, window.grid)
        self.words = ReportWords(self.form, self.panel, window.notices, window.background, window)
        self.fit = ReportFit(self.form, window.document, window.background, self._show_fit, window.notices.report, self)
        self.lists = ReportLists(window, self.form)
        self.fit.free_bytes = lambda: window.link.free_bytes
        window.safety.guard(self.chests)
        self._bind()

    # What the window asks.

    @property
    def owner(self) -> HasResults | None:
        """Whose samples are in sight."""
        return self.chests

    @property
    def viewing(self) -> Viewing | None:
        """How what stands in the place of the case is looked at."""
        return self.stage.viewing

    def generate(self) -> None:
        """Ask for a chest, or for two to compare; what stands against it becomes a notice."""
        form, case = self.form, self._window.document.active
        try:
            if form.comparing:
                self._pair = ReportPair(*form.build_pair(case), self.chests.results.items)
            else:
                self._pair = None
                self._window.link.queue_up(self.chests, form.build_request(case))
        except CtStudioError as error:
            self._window.notices.report(error)
            return
        self._watching = True
        self.words.remember(*((form.other, form.text) if form.comparing else (form.reading(),)))
        if self._pair is None:
            form.after_submit()
            return
        for name, request in self._pair.wanted.items():
            self._window.link.queue_up(self.chests, request, name)
        self._compare_if_both()

    def roll_seed(self) -> int:
        """Throw the dice."""
        return self.form.roll_seed()

    def open_list(self) -> None:
        """Show the sheet for a list of reports."""
        self.lists.open()

    def switch(self, in_sight: bool) -> None:
        """The task came into sight, or went."""
        if in_sight == self._in_sight:
            return
        self._in_sight = in_sight
        self.stage.leave()
        axial = self._window.grid.axial
        if in_sight:
            self._hint, axial.hint = axial.hint, _HINT
            self._mask_changed()
            self._watching = any(not job.over and self._mine(job) for job in self._window.link.queue.jobs)
            if self._ready is not None:
                self._show_pair(self._ready)
            elif self._unseen is not None:
                self.look(self._unseen)
        else:
            axial.hint = self._hint
            self.rest()

    def show_models(self, models: tuple[Model, ...], notes: tuple[str, ...]) -> None:
        """Offer the models of the system."""
        self.panel.model.show_models(models, notes)
        self.fit.model = self.panel.model.chosen

    def rest(self) -> None:
        """Something else is looked at: previews and comparison make way until the next request."""
        self._watching = False
        self.stage.leave()

    def look(self, view: SampleView) -> None:
        """Look at a sample as a case."""
        self._unseen = None
        self.stage.leave()
        self.chests.open(view)

    def take_words(self, view: SampleView) -> None:
        """Put a sample's report and seed into the form, and keep the seed."""
        self.form.text = report_of(view.sample)
        self.form.set("seed", view.sample.seed)
        self.form.seed_locked = True

    # What happens.

    def _bind(self) -> None:
        window, results = self._window, self.chests.results
        for signal in (results.added, results.removed, results.changed, results.chosen_changed):
            signal.connect(self._show_results)
        results.added.connect(self._added)
        self.form.changed.connect(self._form_changed)
        self.panel.generate_asked.connect(window.generate)
        self.panel.list_asked.connect(self.open_list)
        self.panel.trouble.connect(window.notices.report)
        self.stage.left.connect(self.rest)
        window.document.active_changed.connect(self._show_case)
        self._show_case(window.document.active)
        window.link.client.event.connect(self._heard)
        window.link.preview.connect(self._show_preview)
        window.link.queue.changed.connect(self._job_changed)

    def _form_changed(self, name: str) -> None:
        if name == "model":
            self.fit.model = self.panel.model.chosen
        if name != "seed":
            self.fit.ask()

    def _show_fit(self, findings: tuple[Fit, ...]) -> None:
        self.panel.fit.show_findings(findings)

    def _show_case(self, case: Case | None) -> None:
        if self._looked_at is not None:
            self._looked_at.mask.history.changed.disconnect(self._mask_changed)
        self._looked_at = case
        if case is not None:
            case.mask.history.changed.connect(self._mask_changed)
        if self._in_sight and case is not None:
            self.stage.leave()
        self._mask_changed()

    def _mask_changed(self, *_: object) -> None:
        self.panel.show_anatomy(anatomy_in(self._looked_at))
        if self._in_sight:
            self.fit.ask()

    def _show_results(self, _view: object = None) -> None:
        if self._in_sight:
            self._window.bonds.show_results()

    def _heard(self, event: EngineEvent) -> None:
        """Keep in which stage the running job is, for the views."""
        if isinstance(event, Stepped):
            job = self._window.link.queue.job(event.request_id)
            place = None if job is None else stage_place(job.request.parameters, event)
            self._place = "" if place is None else "Coarse volume" if place.coarse else "Refinement"

    def _show_preview(self, owner: object, image: Volume) -> None:
        if owner is self.chests and self._in_sight and self._watching:
            self.stage.show_preview(image, self._place)

    def _added(self, view: SampleView) -> None:
        if self._pair is not None and self._pair.owns(view.request_id):
            self._pair.take(view)
        elif self._unseen is None or self._unseen.request_id != view.request_id:
            self._unseen = view  # the first of a request is the one looked at

    def _job_changed(self, job: Job) -> None:
        """A job is over: look at what it made, compare, or let the other half of a pair go."""
        pair = self._pair
        if not job.over or not self._mine(job):
            return
        if pair is not None and pair.owns(job.id):
            if job.state == "finished":
                self._compare_if_both()
            else:
                self._pair = None
                for other in pair.open_ids:
                    self._window.link.queue.cancel(other)
                self.rest()
        elif job.state != "finished":
            self.rest()
        elif self._unseen is not None and self._in_sight and self._watching:
            self.look(self._unseen)
        elif self._unseen is not None:
            text = f"{name_of(self._unseen.sample)} is ready."
            self._window.notices.say(text, "Look at it on the Generate page: it is in the strip.")

    def _mine(self, job: Job) -> bool:
        return (job.request.system, job.request.task) == (self.form.card.system, self.form.card.task)

    def _compare_if_both(self) -> None:
        both = None if self._pair is None else self._pair.both
        if both is not None:
            a, b = both
            work = self._window.background.run
            work(lambda: compare_words(a.sample, b.sample), self._show_pair, self._window.notices.report)

    def _show_pair(self, compared: WordsCompared) -> None:
        self._pair, self._unseen = None, None
        self._ready = None if self._in_sight else compared
        if self._in_sight:
            self.stage.show_pair(compared)
        else:
            self._window.notices.say("A and B are ready to compare.", "Look at them on the Generate page.")
