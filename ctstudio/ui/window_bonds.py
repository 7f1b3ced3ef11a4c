"""Who hears whom in the window."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from psygnal import SignalInstance

from ctstudio.core.volume import Volume
from ctstudio.core.windows import PRESETS
from ctstudio.session.document import Case
from ctstudio.session.notices import Notice
from ctstudio.session.refusal import Refusal
from ctstudio.session.results import SampleView
from ctstudio.ui.completed_anatomy import use_as_mask
from ctstudio.ui.result_cards import Cards, key_of

if TYPE_CHECKING:
    from ctstudio.ui.main_window import MainWindow


def bind(window: MainWindow) -> None:
    """Connect the window's parts with the session and with each other."""
    bonds = WindowBonds(window)
    window.bonds = bonds
    window.document.active_changed.connect(bonds.show_case)
    window.document.case_removed.connect(window.link.drop)
    window.notices.added.connect(bonds.show_notice)
    window.top.page_asked.connect(window.show_page)
    window.top.search_asked.connect(window.open_palette)
    window.top.help_asked.connect(window.open_help)
    window.cases.open_asked.connect(window.asking.open)
    window.cases.close_asked.connect(window.close_case)
    window.paint.import_asked.connect(window.asking.labels)
    window.paint.save_asked.connect(window.asking.save_mask)
    window.paint.undo_asked.connect(window.actions_table["Undo"].trigger)
    window.paint.redo_asked.connect(window.actions_table["Redo"].trigger)
    window.generator.generate_asked.connect(window.generate)
    window.generator.data_set_asked.connect(window.pages.data_sets.open)
    window.generator.trouble.connect(window.notices.report)
    window.strip.chosen.connect(window.samples.choose)
    window.strip.star_asked.connect(bonds.star)
    window.strip.save_asked.connect(bonds.save)
    window.strip.anatomy_asked.connect(bonds.use_anatomy)
    window.strip.words_asked.connect(bonds.take_words)
    window.bar.cancel_asked.connect(window.link.cancel)
    window.bar.restart_asked.connect(window.link.restart)
    window.link.state_changed.connect(window.bar.show_state)
    window.link.preview.connect(bonds.show_preview)
    window.link.finished.connect(bonds.end_preview)
    window.form.changed.connect(bonds.form_changed)
    window.predictions.noise.connect(window.generator.dial.show_noise)
    window.predictions.fit.connect(window.generator.fit.show_findings)
    window.predictions.trouble.connect(window.notices.report)
    bonds.show_case(None)


class WindowBonds:
    """Hears the active case; every bond with the case before is cut."""

    def __init__(self, window: MainWindow) -> None:
        self._window = window
        self._bonds: list[tuple[SignalInstance, Callable[..., Any]]] = []
        self._cards = Cards()

    def show_case(self, case: Case | None) -> None:
        """Show another case in every part of the window."""
        for signal, slot in self._bonds:
            signal.disconnect(slot)
        self._bonds.clear()
        window = self._window
        window.controls.case = case
        window.views.show(case)
        window.paint.show_case(case)
        window.predictions.case = case
        window.generator.generate.setEnabled(case is not None)
        window.top.case_name.show_text("" if case is None else case.name)
        window.setWindowTitle("CT Studio" if case is None else f"CT Studio · {case.name}")
        self.show_results()
        window.predictions.ask()
        if case is None:
            return
        for signal, slot in (
            (case.mask.history.changed, window.predictions.ask),
            (case.mask.stroke_refused, self.show_refusal),
            (case.results.added, self.show_results),
            (case.results.removed, self.show_results),
            (case.results.changed, self.show_results),
            (case.results.chosen_changed, self.show_chosen),
            (case.results.chosen_changed, self.end_preview),
        ):
            signal.connect(slot)
            self._bonds.append((signal, slot))

    def show_notice(self, notice: Notice) -> None:
        """Write a notice into the bar."""
        self._window.bar.notices.show_notice(notice.level, notice.text, notice.remedy, notice.detail)

    def show_refusal(self, refusal: Refusal) -> None:
        """Say why a stroke changed nothing."""
        self._window.notices.say(refusal.text, refusal.remedy, "warning")

    def form_changed(self, name: str) -> None:
        """Another dose, model or seed."""
        model = self._window.generator.chosen_model
        self._window.predictions.info = None if model is None else model.info
        if name != "seed":
            self._window.predictions.ask()

    def show_results(self, _view: SampleView | None = None) -> None:
        """Fill the strip, the newest first."""
        owner, viewing = self._window.samples.owner, self._window.pages.viewing
        if owner is None:
            self._window.strip.show_cards((), None)
            return
        chosen = None if owner.results.chosen is None else key_of(owner.results.chosen)
        window = PRESETS["Lung"] if viewing is None else viewing.window
        self._window.strip.show_cards(self._cards.of(owner.results.items[::-1], window), chosen)

    def show_chosen(self, _view: SampleView | None = None) -> None:
        """Mark the chosen sample in the strip."""
        owner = self._window.samples.owner
        chosen = None if owner is None else owner.results.chosen
        self._window.strip.show_selected(None if chosen is None else key_of(chosen))

    def show_preview(self, owner: object, image: Volume) -> None:
        """Show a sample in the making, when its case is looked at."""
        if owner is self._window.document.active:
            self._window.views.show_preview(image)

    def end_preview(self, _: object = None) -> None:
        """Go back from the preview to the chosen sample."""
        self._window.views.show_preview(None)

    def star(self, key: str) -> None:
        """Mark a sample, or take the mark away."""
        self._window.samples.star(self._window.samples.of(key))

    def save(self, key: str) -> None:
        """Save a sample."""
        view = self._window.samples.of(key)
        if view is not None:
            self._window.asking.save_sample(view)

    def take_words(self, key: str) -> None:
        """Take a sample's report and seed into the form."""
        view = self._window.samples.of(key)
        if view is not None:
            self._window.pages.tasks.report.take_words(view)

    def use_anatomy(self, key: str) -> None:
        """Take a sample's completed anatomy as the mask."""
        view = self._window.samples.of(key)
        if view is not None:
            use_as_mask(self._window, view)
