"""Data sets made of many masks: the sheet, made when it is first asked for, and the batch at work in the job bar."""

from __future__ import annotations

from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from ctstudio.ui.batch_chip import BatchChip

if TYPE_CHECKING:
    from ctstudio.jobs.batch_runs import BatchRuns
    from ctstudio.ui.batch_link import BatchLink
    from ctstudio.ui.batch_sheet import BatchSheet
    from ctstudio.ui.main_window import MainWindow


class DataSets(QObject):
    """The window's data sets; nothing of them is loaded before the window stands."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self._closed = False
        self.link: BatchLink | None = None
        self.sheet: BatchSheet | None = None
        self.chip = BatchChip()
        window.bar.show_beside(self.chip)
        window.first_painted.connect(self._load)

    def start(self, runs: BatchRuns | None = None) -> BatchLink:
        """Find the batches of earlier windows, and watch them; this user's own unless others are given."""
        if self.link is None:
            from ctstudio.jobs.batch_runs import BatchRuns
            from ctstudio.session.batch_form import BatchForm
            from ctstudio.ui.batch_link import BatchLink, user_data_sets_dir

            form = BatchForm(self._window.form.card, user_data_sets_dir())
            self.link = BatchLink(form, self._window.notices, runs or BatchRuns(), self)
            self.link.batches.changed.connect(self._show_batch)
            self.chip.opened.connect(self.open)
            self.chip.stop_asked.connect(self.link.stop)
            if not self._closed:
                self.link.start()
        return self.link

    def _load(self) -> None:
        """Load what follows batches beside the window, which shows already, then follow them."""
        load = partial(import_module, "ctstudio.ui.batch_link")
        self._window.background.run(load, lambda _: self.start(), self._window.notices.report)

    def open(self) -> None:
        """Show the sheet, with the model and settings of the Generate page."""
        link = self.start()
        if self.sheet is None:
            from ctstudio.ui.batch_sheet import BatchSheet

            self.sheet = BatchSheet(link, self._window)
            self._window.form.changed.connect(self._take)
        self.sheet.show()
        self.sheet.raise_()
        self._take()
        link.check_soon()

    def close(self) -> None:
        """Stop watching; batches go on by themselves."""
        self._closed = True
        if self.link is not None:
            self.link.close()

    def _take(self, _name: str = "") -> None:
        if self.link is not None and self.sheet is not None and self.sheet.isVisible():
            self.link.form.take(self._window.form.model, self._window.form.values)

    def _show_batch(self) -> None:
        if self.link is not None:
            self.chip.show_status(self.link.batches.at_work)
