"""The panel of the task "Structures of a chest CT": model, the rest folded away, the fit, and one button."""

from __future__ import annotations

from PySide6.QtWidgets import QPushButton, QVBoxLayout, QWidget

from ctstudio.session.reading_form import ReadingForm
from ctstudio.ui.panel_parts import MARGIN, add_all, heading, muted, over_foot, rule
from ctstudio.ui.task_panel import TaskPanel

NO_CASE = "Open a chest CT first."
_HIDDEN = ("count",)
_AFTER = "What is read becomes the mask of the case when it has none; otherwise it waits in the strip below."


class ReadingPanel(TaskPanel):
    """Shows a reading form of the session and sets its values."""

    def __init__(self, form: ReadingForm, parent: QWidget | None = None) -> None:
        advanced = [f for f in form.card.fields() if not f.widget and f.name not in _HIDDEN]
        super().__init__(form, advanced, parent)
        self.read = QPushButton("Read the structures     Ctrl+Enter")
        self.read.setObjectName("primary")
        self.read.setToolTip("Read lobes, airway and vessels from the CT (Ctrl+Enter)")
        self._lay_out()
        form.changed.connect(self.show_form)
        self.read.clicked.connect(self.generate_asked)

    def _lay_out(self) -> None:
        inside = QWidget()
        rows = QVBoxLayout(inside)
        rows.setContentsMargins(MARGIN, 6, MARGIN, 10)
        rows.setSpacing(9)
        add_all(rows, muted(self._task.card.summary), muted(_AFTER), heading("Model"), self.model)
        add_all(rows, self.fold, self.advanced, rule(), heading("Fit to what the model has seen"), self.fit)
        rows.addStretch(1)
        over_foot(self, inside, self.read)
