"""What a generation would give, worked out beside the window a moment after the last change."""

from __future__ import annotations

from PySide6.QtCore import QObject, QTimer, Signal

from ctstudio.catalog.fit import Fit
from ctstudio.catalog.model_card import ModelInfo
from ctstudio.catalog.na_diff_fit import assess_noise
from ctstudio.session.document import Case
from ctstudio.session.generation import GenerationForm
from ctstudio.session.noise_prediction import predicted_noise_sd
from ctstudio.ui.background import Background

QUIET_MS = 200


class Predictions(QObject):
    """Predicted noise and fit of the case looked at."""

    noise = Signal(object)
    fit = Signal(object)
    trouble = Signal(object)

    def __init__(self, form: GenerationForm, background: Background, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.case: Case | None = None
        self.info: ModelInfo | None = None
        self._form = form
        self._background = background
        self._asked = 0
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(QUIET_MS)
        self._timer.timeout.connect(self._work)

    def ask(self, *_: object) -> None:
        """Something changed: work it out again soon."""
        self._timer.start()

    def _work(self) -> None:
        case, info = self.case, self.info
        if case is not None and case.mask.painting_now:
            self._timer.start()  # what is shown stays until the stroke has ended
            return
        self._asked += 1
        if case is None:
            self.noise.emit(None)
            self.fit.emit(())
            return
        asked, form = self._asked, self._form
        dose, use_scan = float(form.values["dose"]), form.use_scan

        def work() -> tuple[float | None, list[Fit]]:
            noise = predicted_noise_sd(case, dose, info, use_scan)
            if info is None:
                return noise, []
            strength = None if noise is None else assess_noise(info, noise)
            return noise, [*form.findings(case, info), *([strength] if strength else [])]

        self._background.run(work, lambda found: self._tell(asked, found), self.trouble.emit)

    def _tell(self, asked: int, found: tuple[float | None, list[Fit]]) -> None:
        if asked == self._asked:
            self.noise.emit(found[0])
            self.fit.emit(tuple(found[1]))
