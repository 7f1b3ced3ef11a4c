"""How well a report and its anatomy fit what the model has seen, worked out a moment after the last change."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, QTimer

from ctstudio.catalog.fit import Fit
from ctstudio.catalog.shelf import Model
from ctstudio.core.errors import CtStudioError
from ctstudio.session.document import Case, Document
from ctstudio.session.report_form import ReportForm
from ctstudio.ui.background import Background

QUIET_MS = 250


class ReportFit(QObject):
    """Asks the catalog beside the window; only the newest answer counts."""

    def __init__(
        self,
        form: ReportForm,
        document: Document,
        background: Background,
        tell: Callable[[tuple[Fit, ...]], object],
        report: Callable[[CtStudioError], object],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self.model: Model | None = None
        self.free_bytes: Callable[[], int | None] = lambda: None
        self._form, self._document, self._background = form, document, background
        self._tell, self._report = tell, report
        self._asked = 0
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(QUIET_MS)
        self._timer.timeout.connect(self._work)

    def ask(self, *_: object) -> None:
        """Something changed: work it out again soon."""
        self._timer.start()

    def _work(self) -> None:
        case: Case | None = self._document.active
        if case is not None and case.mask.painting_now:
            self._timer.start()
            return
        self._asked += 1
        asked, form, model, free = self._asked, self._form, self.model, self.free_bytes()
        if model is None or (form.reading().empty and not form.anatomy_of(case)):
            self._answer(asked, [])
            return
        self._background.run(
            lambda: form.findings(model, case, free), lambda found: self._answer(asked, found), self._report
        )

    def _answer(self, asked: int, found: list[Fit]) -> None:
        if asked == self._asked:
            self._tell(tuple(found))
