"""The panel of the task "Structures of a chest CT": model, the rest folded away, the fit, and one button."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QPushButton, QVBoxLayout, QWidget

from ctstudio.core.errors import ParameterError
from ctstudio.session.reading_form import ReadingForm
from ctstudio.ui.fit_lines import FitLines
from ctstudio.ui.folds import fold, turn
from ctstudio.ui.model_choice import ModelChoice
from ctstudio.ui.panel_parts import MARGIN, PANEL_WIDTH, add_all, heading, muted, over_foot, rule
from ctstudio.ui.parameter_form import ParameterForm

NO_CASE = "Open a chest CT first."
_HIDDEN = ("count",)
_AFTER = "What is read becomes the mask of the case when it has none; otherwise it waits in the strip below."


class ReadingPanel(QFrame):
    """Shows a reading form of the session and sets its values."""

    generate_asked = Signal()
    trouble = Signal(ParameterError)

    def __init__(self, form: ReadingForm, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("panel")
        self.setFixedWidth(PANEL_WIDTH)
        self._form = form
        self.model = ModelChoice(form.card.system)
        self.advanced = ParameterForm([f for f in form.card.fields() if not f.widget and f.name not in _HIDDEN])
        self.fold = fold("Advanced")
        self.fit = FitLines()
        self.read = QPushButton("Read the structures     Ctrl+Enter")
        self.read.setObjectName("primary")
        self.read.setToolTip("Read lobes, airway and vessels from the CT (Ctrl+Enter)")
        self._lay_out()
        form.changed.connect(self.show_form)
        self.model.picked.connect(self._choose_model)
        self.advanced.changed.connect(self._set)
        self.fold.toggled.connect(self._unfold)
        self.read.clicked.connect(self.generate_asked)
        self._unfold(False)

    def show_form(self, _name: str = "") -> None:
        """Show the form's values."""
        for name, value in self._form.values.items():
            self.advanced.show_value(name, value)

    def _lay_out(self) -> None:
        inside = QWidget()
        rows = QVBoxLayout(inside)
        rows.setContentsMargins(MARGIN, 6, MARGIN, 10)
        rows.setSpacing(9)
        add_all(rows, muted(self._form.card.summary), muted(_AFTER), heading("Model"), self.model)
        add_all(rows, self.fold, self.advanced, rule(), heading("Fit to what the model has seen"), self.fit)
        rows.addStretch(1)
        over_foot(self, inside, self.read)

    def _set(self, name: str, value: Any) -> None:
        try:
            self._form.set(name, value)
        except ParameterError as error:
            self.show_form()
            self.trouble.emit(error)

    def _choose_model(self) -> None:
        model = self.model.chosen
        self._form.model = "" if model is None else model.info.name

    def _unfold(self, unfolded: bool) -> None:
        turn(self.fold)
        self.advanced.setVisible(unfolded)
