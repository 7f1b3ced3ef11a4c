"""What the panels of all tasks on the page Generate share: model, folded parameters, fit, and setting a value."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QWidget

from ctstudio.catalog.parameters import Parameter
from ctstudio.core.errors import ParameterError
from ctstudio.session.task_form import TaskForm
from ctstudio.ui.fit_lines import FitLines
from ctstudio.ui.folds import fold, turn
from ctstudio.ui.model_choice import ModelChoice
from ctstudio.ui.panel_parts import PANEL_WIDTH
from ctstudio.ui.parameter_form import ParameterForm


class TaskPanel(QFrame):
    """Shows a task's form and sets its values; a panel of one task adds its own parts and lays all out.

    Args:
        task: The form.
        advanced: Parameters that are folded away.
        waits_for: What the user must give before the fit can be judged.
        parent: In which it stands.

    Signals:
        generate_asked: Work it off.
        trouble: A value that does not fit was set.
    """

    generate_asked = Signal()
    trouble = Signal(ParameterError)

    def __init__(
        self, task: TaskForm, advanced: Sequence[Parameter], waits_for: str, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setObjectName("panel")
        self.setFixedWidth(PANEL_WIDTH)
        self._task = task
        self.model = ModelChoice(task.card.system)
        self.advanced = ParameterForm(list(advanced))
        self.fold = fold("Advanced")
        self.fit = FitLines(waits_for)
        self.model.picked.connect(self._choose_model)
        self.advanced.changed.connect(self._set)
        self.fold.toggled.connect(self._unfold)
        self._unfold(False)

    def show_form(self, _name: str = "") -> None:
        """Show the form's values."""
        for name, value in self._task.values.items():
            self.advanced.show_value(name, value)

    def _set(self, name: str, value: Any) -> None:
        try:
            self._task.set(name, value)
        except ParameterError as error:
            self.show_form()
            self.trouble.emit(error)

    def _choose_model(self) -> None:
        model = self.model.chosen
        self._task.model = "" if model is None else model.info.name

    def _unfold(self, unfolded: bool) -> None:
        turn(self.fold)
        self.advanced.setVisible(unfolded)
