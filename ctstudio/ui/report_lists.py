"""Lists of reports: the sheet, made when it is first asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from ctstudio.session.report_form import ReportForm

if TYPE_CHECKING:
    from ctstudio.ui.main_window import MainWindow
    from ctstudio.ui.report_list_sheet import ReportListSheet


class ReportLists(QObject):
    """The window's lists of reports."""

    def __init__(self, window: MainWindow, form: ReportForm) -> None:
        super().__init__(window)
        self._window, self._form = window, form
        self.sheet: ReportListSheet | None = None

    def open(self) -> None:
        """Show the sheet, with the model and settings of the Generate page."""
        if self.sheet is None:
            from ctstudio.ui.report_list_link import ReportListLink
            from ctstudio.ui.report_list_sheet import ReportListSheet

            window = self._window
            link = ReportListLink(self._form, window.link, window.notices, window.background, self)
            self.sheet = ReportListSheet(link, window)
            link.check_soon()
        self.sheet.show()
        self.sheet.raise_()
