"""The panel of the Generate page: model, dose dial, seed, count, the rest of the card folded away, the fit."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QFrame,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from ctstudio.catalog.shelf import Model
from ctstudio.core.errors import ParameterError
from ctstudio.session.generation import GenerationForm
from ctstudio.ui.dose_dial import DoseDial
from ctstudio.ui.fit_lines import FitLines
from ctstudio.ui.folds import fold, turn
from ctstudio.ui.model_choice import ModelChoice
from ctstudio.ui.panel_parts import MARGIN, PANEL_WIDTH, heading, muted, over_foot, rule
from ctstudio.ui.parameter_form import ParameterForm
from ctstudio.ui.seed_row import SeedRow

_PLAIN = ("count",)


class GeneratePanel(QFrame):
    """Shows a generation form of the session and sets its values."""

    generate_asked = Signal()
    data_set_asked = Signal()
    trouble = Signal(ParameterError)

    def __init__(self, form: GenerationForm, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("panel")
        self.setFixedWidth(PANEL_WIDTH)
        self._form = form
        fields = {field.name: field for field in form.card.fields()}
        special = {name: field.widget for name, field in fields.items() if field.widget}
        self.dial = DoseDial()
        self.seed = SeedRow(next(f for f in fields.values() if f.widget == "seed"))
        self.plain = ParameterForm([fields[name] for name in _PLAIN if name in fields])
        self.advanced = ParameterForm([f for n, f in fields.items() if n not in _PLAIN and n not in special])
        self.model = ModelChoice(form.card.system)
        self.like = QCheckBox(next(one.title for one in form.card.inputs if one.kind == "scan"))
        self.fold = fold("Advanced")
        self.fit = FitLines()
        self.generate = QPushButton("Generate     Ctrl+Enter")
        self.data_set = QPushButton("Generate a data set …")
        self._prepare()
        self._lay_out()
        self._bind()
        self.show_form()

    @property
    def chosen_model(self) -> Model | None:
        """The model in the selector."""
        return self.model.chosen

    def show_form(self, _name: str = "") -> None:
        """Show the form's values."""
        values = self._form.values
        self.dial.set_dose(float(values["dose"]))
        self.seed.show_state(int(values["seed"]), self._form.seed_locked)
        self.like.setChecked(self._form.use_scan)
        for name, value in values.items():
            self.plain.show_value(name, value)
            self.advanced.show_value(name, value)

    # Building.

    def _prepare(self) -> None:
        self.like.setToolTip("Take the field of view and the body outline from the scan, so that the sample fits it.")
        self.generate.setObjectName("primary")
        self.generate.setToolTip("Generate every slice that holds mask (Ctrl+Enter)")
        self.data_set.setToolTip("Every mask of a folder at many doses, for segmentation training (Ctrl+Shift+G)")
        self._unfold(False)

    def _lay_out(self) -> None:
        inside = QWidget()
        rows = QVBoxLayout(inside)
        rows.setContentsMargins(MARGIN, 6, MARGIN, 10)
        rows.setSpacing(9)
        for first in (muted(self._form.card.summary), heading("Model"), self.model):
            rows.addWidget(first)
        rows.addSpacing(4)
        rows.addWidget(heading("Dose"))
        for widget in (self.dial, self.seed, self.plain, self.like, self.fold, self.advanced, rule()):
            rows.addWidget(widget)
        rows.addWidget(heading("Fit to what the model has seen"))
        rows.addWidget(self.fit)
        rows.addStretch(1)
        over_foot(self, inside, self.generate, self.data_set)

    def _bind(self) -> None:
        self._form.changed.connect(self.show_form)
        self.dial.changed.connect(lambda dose: self._set("dose", dose))
        self.seed.set_asked.connect(lambda seed: self._set("seed", seed))
        self.seed.lock_asked.connect(lambda locked: setattr(self._form, "seed_locked", locked))
        self.seed.dice_asked.connect(self._form.roll_seed)
        self.plain.changed.connect(self._set)
        self.advanced.changed.connect(self._set)
        self.like.toggled.connect(lambda use: setattr(self._form, "use_scan", use))
        self.fold.toggled.connect(self._unfold)
        self.model.picked.connect(self._choose_model)
        self.generate.clicked.connect(self.generate_asked)
        self.data_set.clicked.connect(self.data_set_asked)

    # Setting.

    def _set(self, name: str, value: Any) -> None:
        try:
            self._form.set(name, value)
        except ParameterError as error:
            self.show_form()
            self.trouble.emit(error)

    def _choose_model(self) -> None:
        model = self.chosen_model
        self._form.model = "" if model is None else model.info.name

    def _unfold(self, unfolded: bool) -> None:
        turn(self.fold)
        self.advanced.setVisible(unfolded)
