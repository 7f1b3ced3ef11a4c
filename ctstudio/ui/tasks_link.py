"""The tasks of the Generate page: which are offered, which is in sight; each is made when it is first chosen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QWidget

from ctstudio.catalog.card import Card
from ctstudio.catalog.cards import all_cards
from ctstudio.catalog.cards import card as card_of
from ctstudio.catalog.shelf import Model, Shelf
from ctstudio.session.results import HasResults, SampleView
from ctstudio.session.task_form import where_models_go
from ctstudio.session.viewing import Viewing
from ctstudio.ui.page_order import GENERATE_PAGE
from ctstudio.ui.task_panels import TaskKey, TaskPanels

if TYPE_CHECKING:
    from ctstudio.ui.main_window import MainWindow
    from ctstudio.ui.report_link import ReportLink

FROM_MASK: TaskKey = ("na_diff", "generate")
FROM_REPORT: TaskKey = ("medsyn", "generate")
STRUCTURES: TaskKey = ("medsyn", "segment")

_HINT = "What comes of it appears here,\nbeside the original."


class TaskLink(Protocol):
    """What the window asks of a task beyond the first."""

    @property
    def panel(self) -> QWidget: ...
    @property
    def compares(self) -> bool: ...
    @property
    def owner(self) -> HasResults | None: ...
    @property
    def viewing(self) -> Viewing | None: ...
    def generate(self) -> None: ...
    def roll_seed(self) -> object: ...
    def open_list(self) -> None: ...
    def switch(self, in_sight: bool) -> None: ...
    def show_models(self, models: tuple[Model, ...], notes: tuple[str, ...]) -> None: ...
    def rest(self) -> None: ...
    def look(self, view: SampleView) -> None: ...


class TasksLink(QObject):
    """Stands between the window and the task that is chosen; the first one, CT from a mask, is the window's own."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self._shelf, self._looked = Shelf((), ()), False
        self._links: dict[TaskKey, TaskLink] = {}
        self._in_sight = False
        self.chosen: TaskKey = FROM_MASK
        self.panels = TaskPanels()
        self.panels.add(FROM_MASK, window.generator)
        self.panels.offer((window.form.card,), FROM_MASK)
        self.panels.asked.connect(self.choose)

    @property
    def current(self) -> TaskLink | None:
        """The task in sight; None for CT from a mask, and while another page is in sight."""
        return self._links.get(self.chosen) if self._in_sight else None

    @property
    def report(self) -> ReportLink:
        """The task "Chest CT from a report", made if it was not yet."""
        from ctstudio.ui.report_link import ReportLink

        link = self._link(FROM_REPORT)
        if not isinstance(link, ReportLink):
            raise TypeError("another task stands in its place")
        return link

    @property
    def owner(self) -> HasResults | None:
        """Whose samples are in sight, when they are not the active case's."""
        return None if self.current is None else self.current.owner

    @property
    def compares(self) -> bool:
        """Whether the task in sight shows what it makes beside an original."""
        return self.current is None or self.current.compares

    @property
    def outlines(self) -> bool:
        """Whether the task in sight compares its image with the scan, so that masks must not cover it."""
        return self.current is not None and self.current.compares

    @property
    def hint(self) -> str:
        """What the view beside the original says while it is empty; "" for nothing of the task's own."""
        return _HINT if self.outlines else ""

    @property
    def viewing(self) -> Viewing | None:
        """How what the task shows in the place of a case is looked at; None when it shows nothing there."""
        return None if self.current is None else self.current.viewing

    def show_shelf(self, shelf: Shelf) -> None:
        """Offer every task that has a model which can do it, and CT from a mask."""
        self._shelf, self._looked = shelf, True
        self._window.generator.model.show_models(shelf.models, shelf.notes)
        for link in self._links.values():
            link.show_models(shelf.models, shelf.notes)
        ready = {model.info.system for model in shelf.models if not model.info.not_ready}
        offered = tuple(card for card in all_cards() if _key(card) == FROM_MASK or card.system in ready)
        self.panels.offer(offered, self.chosen)

    def choose(self, key: TaskKey) -> None:
        """Go to a task on the Generate page; one without a model says so."""
        if key not in self.panels.offered and not self._looked:
            self._window.notices.say("The models are still being looked for.", "Try again in a moment.")
            return
        if key not in self.panels.offered:
            title = card_of(*key).title
            self._window.notices.say(f"No model for '{title}' was found.", where_models_go(), "warning")
            return
        if key != FROM_MASK:
            self._link(key)
        if self.current is not None:
            self.current.switch(False)
        self.chosen = key
        self._window.show_page(GENERATE_PAGE)

    def switch(self, in_sight: bool) -> None:
        """The Generate page came into sight, or went."""
        before, self._in_sight = self._links.get(self.chosen), in_sight
        self.panels.show_task(self.chosen)
        if before is not None:
            before.switch(in_sight)
        self._window.bonds.show_results()

    def generate(self) -> bool:
        """Let the chosen task do its work; False for CT from a mask, which is the window's own."""
        link = self._links.get(self.chosen)
        if link is not None:
            link.generate()
        return link is not None

    def roll_seed(self) -> None:
        """Throw the dice for the task in sight."""
        link = self.current
        self._window.form.roll_seed() if link is None else link.roll_seed()

    def open_list(self) -> None:
        """Show the sheet that works through many masks or reports, whichever the task in sight takes."""
        link = self.current
        self._window.pages.data_sets.open() if link is None else link.open_list()

    def step_finding(self, by: int) -> None:
        """Go to the next finding, or the one before, where the task in sight has any."""
        from ctstudio.ui.scan_task_link import ScanTaskLink

        if isinstance(self.current, ScanTaskLink):
            self.current.step_finding(by)

    def rest(self) -> None:
        """A finished sample is looked at: what is in the making makes way."""
        if self.current is not None:
            self.current.rest()

    def look(self, view: SampleView) -> None:
        """A sample was chosen by hand."""
        if self.current is not None:
            self.current.look(view)

    def _link(self, key: TaskKey) -> TaskLink:
        if key not in self._links:
            from ctstudio.ui.report_link import ReportLink
            from ctstudio.ui.scan_task_link import ScanTaskLink

            maker = ReportLink if key == FROM_REPORT else ScanTaskLink
            link: TaskLink = maker(self._window, card_of(*key))
            self._links[key] = link
            self.panels.add(key, link.panel)
            link.show_models(self._shelf.models, self._shelf.notes)
        return self._links[key]


def _key(card: Card) -> TaskKey:
    return card.system, card.task
