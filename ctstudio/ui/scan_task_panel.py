"""The panel of a task on the open case, made from its card: what the case gives, the model, parameters, one button."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QComboBox, QGridLayout, QLabel, QPushButton, QToolButton, QVBoxLayout, QWidget

from ctstudio.session.scan_task_form import Given, ScanTaskForm
from ctstudio.ui import theme
from ctstudio.ui.panel_parts import MARGIN, add_all, heading, muted, over_foot, rule
from ctstudio.ui.parameter_form import ParameterForm
from ctstudio.ui.seed_row import SeedRow
from ctstudio.ui.task_panel import TaskPanel

_PLAIN = ("region", "kind", "mode", "strength", "sign")
"""Parameters that decide what comes of it; the others are folded away. Source: ours."""
_DEEDS = {
    "segment": "Read the structures",
    "synthesize": "Make the CT",
    "denoise": "Denoise",
    "detect": "Look for anomalies",
    "add-lesion": "Make the CT",
    "inpaint-lesion": "Put the lesion in",
    "remove-lesion": "Take the lesion out",
}
NO_CASE = "Open a CT, or labels, first."
_LABELS_ALONE = "What is read becomes the mask of the case when it has none; otherwise it waits in the strip below."
_MARKS = {True: ("✓", theme.GREEN), False: ("–", theme.MUTED)}


class ScanTaskPanel(TaskPanel):
    """Shows a task's form and sets its values.

    Signals:
        organs_asked: Organs shall be found in the scan.
    """

    organs_asked = Signal()

    def __init__(self, form: ScanTaskForm, parent: QWidget | None = None) -> None:
        fields = {field.name: field for field in form.card.fields()}
        self._makes_images = any(one.kind != "mask" for one in form.card.outputs)
        hidden = (*_PLAIN, "count") if not self._makes_images else _PLAIN
        super().__init__(form, [f for n, f in fields.items() if n not in hidden and not f.widget], NO_CASE, parent)
        self._form = form
        self.plain = ParameterForm([fields[name] for name in _PLAIN if name in fields])
        self.seed = SeedRow(next(f for f in fields.values() if f.widget == "seed"))
        self.organ = QComboBox()
        self._organ = next((f for f in fields.values() if f.widget == "organ"), None)
        self.inputs = QGridLayout()
        self.find_organs = QToolButton()
        self.result = QVBoxLayout()
        self.generate = QPushButton(f"{_DEEDS.get(form.card.task, 'Start')}     Ctrl+Enter")
        self._prepare()
        self._lay_out()
        self._bind()
        self.show_given(form.given(None))
        self.show_form()

    def show_form(self, _name: str = "") -> None:
        """Show the form's values."""
        super().show_form()
        values = self._form.values
        self.seed.show_state(int(values["seed"]), self._form.seed_locked)
        for name, value in values.items():
            self.plain.show_value(name, value)
        if self._organ is not None and self.organ.currentText() != values[self._organ.name]:
            self.organ.setEditText(str(values[self._organ.name]))

    def show_given(self, given: Sequence[Given]) -> None:
        """Show what the open case gives for each input."""
        while (old := self.inputs.takeAt(0)) is not None:
            widget = old.widget()
            if widget is not None:
                widget.deleteLater()
        for place, one in enumerate(given):
            mark, colour = _MARKS[one.there] if one.there or not one.required else ("!", theme.AMBER)
            title = QLabel(f"<span style='color:{colour}'>{mark}</span>&nbsp; {one.title}")
            optional = "" if one.there or one.required else " (may be left out)"
            words = muted(f"{one.words}{optional}")
            title.setToolTip(next(spec.help for spec in self._form.card.inputs if spec.name == one.name))
            self.inputs.addWidget(title, place, 0)
            self.inputs.addWidget(words, place, 1)
        self.inputs.setColumnStretch(1, 1)

    def show_organs(self, organs: Sequence[str]) -> None:
        """Offer the organs of the mask to look into."""
        if self._organ is not None:
            chosen = self.organ.currentText()
            self.organ.blockSignals(True)
            self.organ.clear()
            self.organ.addItems(list(organs))
            self.organ.setEditText(chosen)
            self.organ.blockSignals(False)

    # Building.

    def _prepare(self) -> None:
        self.generate.setObjectName("primary")
        self.generate.setToolTip(f"{self._form.card.summary} (Ctrl+Enter)")
        self.inputs.setHorizontalSpacing(12)
        self.inputs.setVerticalSpacing(6)
        self.find_organs.setObjectName("plain")
        self.find_organs.setText("Find the organs of this scan …")
        self.find_organs.setToolTip("With TotalSegmentator, an optional extra (Ctrl+Shift+T)")
        self.organ.setEditable(True)
        self.organ.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        self.organ.setAccessibleName("Organ")
        if self._organ is not None:
            self.organ.setToolTip(self._organ.help)
        self.result.setSpacing(9)

    def _lay_out(self) -> None:
        inside = QWidget()
        rows = QVBoxLayout(inside)
        rows.setContentsMargins(MARGIN, 6, MARGIN, 10)
        rows.setSpacing(9)
        rows.addWidget(muted(self._form.card.summary))
        if not self._makes_images:
            rows.addWidget(muted(_LABELS_ALONE))
        rows.addLayout(self.result)
        rows.addWidget(heading("From the open case"))
        rows.addLayout(self.inputs)
        if any(one.name == "anatomy" for one in self._form.card.inputs):
            rows.addWidget(self.find_organs)
        if self._organ is not None:
            add_all(rows, heading("Organ"), self.organ)
        add_all(rows, heading("Model"), self.model, self.plain, self.seed, self.fold, self.advanced, rule())
        add_all(rows, heading("Fit to what the model has seen"), self.fit)
        rows.addStretch(1)
        over_foot(self, inside, self.generate)

    def _bind(self) -> None:
        self._form.changed.connect(self.show_form)
        self.plain.changed.connect(self._set)
        self.seed.set_asked.connect(lambda seed: self._set("seed", seed))
        self.seed.lock_asked.connect(lambda locked: setattr(self._form, "seed_locked", locked))
        self.seed.dice_asked.connect(self._form.roll_seed)
        self.find_organs.clicked.connect(self.organs_asked)
        self.generate.clicked.connect(self.generate_asked)
        self.organ.currentTextChanged.connect(self._set_organ)

    def _set_organ(self, name: str) -> None:
        if self._organ is not None and name.strip():
            self._set(self._organ.name, name.strip())
