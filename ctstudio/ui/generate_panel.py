"""The panel of the Generate page: model, dose dial, seed, count, the rest of the card folded away, the fit."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from ctstudio.catalog.shelf import Model
from ctstudio.session.generation import GenerationForm
from ctstudio.ui.dose_dial import DoseDial
from ctstudio.ui.panel_parts import MARGIN, heading, muted, over_foot, rule
from ctstudio.ui.parameter_form import ParameterForm
from ctstudio.ui.seed_row import SeedRow
from ctstudio.ui.task_panel import TaskPanel

_PLAIN = ("count",)
NO_MASK = "Open a scan, or none, and paint a mask."


class GeneratePanel(TaskPanel):
    """Shows a generation form of the session and sets its values."""

    data_set_asked = Signal()

    def __init__(self, form: GenerationForm, parent: QWidget | None = None) -> None:
        fields = {field.name: field for field in form.card.fields()}
        super().__init__(form, [f for n, f in fields.items() if n not in _PLAIN and not f.widget], NO_MASK, parent)
        self._form = form
        self.dial = DoseDial()
        self.seed = SeedRow(next(f for f in fields.values() if f.widget == "seed"))
        self.plain = ParameterForm([fields[name] for name in _PLAIN if name in fields])
        self.like = QCheckBox(next(one.title for one in form.card.inputs if one.kind == "scan"))
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
        self.like.toggled.connect(lambda use: setattr(self._form, "use_scan", use))
        self.generate.clicked.connect(self.generate_asked)
        self.data_set.clicked.connect(self.data_set_asked)
