"""The window's pages: which one is in sight; the Train page is made when it is first shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtWidgets import QStackedWidget, QWidget

from ctstudio.core.windows import Window
from ctstudio.jobs.training_runs import TrainingRuns
from ctstudio.session.viewing import Viewing
from ctstudio.ui.data_sets import DataSets
from ctstudio.ui.low_dose_link import LowDoseLink
from ctstudio.ui.page_order import GENERATE_PAGE, LOW_DOSE_PAGE, PAINT_PAGE, TRAIN_PAGE
from ctstudio.ui.tasks_link import TasksLink

if TYPE_CHECKING:
    from ctstudio.ui.main_window import MainWindow
    from ctstudio.ui.train_page import TrainPage

_HINTS = (
    "",
    "Turn the dose dial and press Generate.\nThe sample appears here, beside the original.",
    "The slice of an opened CT appears here\nas it would have been at the dial's dose.",
)
"""Of the view beside the original, by page, while it is empty."""


class Pages(QStackedWidget):
    """Case pages (paint, generate, low dose) share one body; training has its own."""

    def __init__(self, window: MainWindow, runs: TrainingRuns | None) -> None:
        super().__init__()
        self._window = window
        self._runs = runs
        self._train: TrainPage | None = None
        self.data_sets = DataSets(window)
        self.low_dose = LowDoseLink(window)
        self.tasks = TasksLink(window)

    @property
    def page(self) -> int:
        """The page in sight."""
        return TRAIN_PAGE if self.currentIndex() == 1 else self._window.panels.currentIndex()

    def show_body(self, body: QWidget) -> None:
        """Take in what the case pages show."""
        self.insertWidget(0, body)

    def show_page(self, page: int) -> None:
        """Go to a page."""
        window = self._window
        window.top.show_page(page)
        self.low_dose.switch(page == LOW_DOSE_PAGE)
        self.tasks.switch(page == GENERATE_PAGE)
        if page == TRAIN_PAGE:
            self.setCurrentWidget(self._train_page())
            return
        self.setCurrentIndex(0)
        window.panels.setCurrentIndex(page)
        window.grid.compare(page != PAINT_PAGE and self.tasks.compares)
        window.views.outline_masks(page == LOW_DOSE_PAGE or self.tasks.outlines)
        window.grid.generated.hint = self.tasks.hint or _HINTS[page]
        window.strip.setVisible(page != PAINT_PAGE)
        window.layers.refresh()
        if page == GENERATE_PAGE:
            window.predictions.ask()

    def train(self) -> TrainPage:
        """Go to the Train page, and have it."""
        self._window.show_page(TRAIN_PAGE)
        return self._train_page()

    def ask_train(self, what: str) -> None:
        """Go to the Train page and do something there."""
        self.train().ask(what)

    def shut_down(self) -> None:
        """End what the Train page and the data sets have under way; their processes go on."""
        self.data_sets.close()
        if self._train is not None:
            self._train.shut_down()

    @property
    def viewing(self) -> Viewing | None:
        """How what is in sight is looked at; None when nothing is."""
        if self._train is not None and self.page == TRAIN_PAGE:
            return self._train.viewing
        if self.tasks.viewing is not None:
            return self.tasks.viewing
        case = self._window.document.active
        return None if case is None else case.viewing

    def set_window(self, window: Window) -> None:
        """Show another range of values in what is in sight."""
        if self.viewing is not None:
            self.viewing.window = window

    def reset_views(self) -> None:
        """Show whole slices in what is in sight."""
        if self.viewing is not None:
            self.viewing.reset()

    def _train_page(self) -> TrainPage:
        if self._train is None:
            from ctstudio.ui.train_page import TrainPage

            self._train = TrainPage(self._runs or TrainingRuns(), self._window.notices)
            self._train.promoted.connect(lambda _: self._window.look_at_shelf())
            self.addWidget(self._train)
        return self._train
