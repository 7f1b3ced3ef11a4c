"""The fields of the sheet "Generate a data set": folders, lists with chips, labels, layout."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QFileDialog,
    QFormLayout,
    QLineEdit,
    QPushButton,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from ctstudio.session.batch_form import BatchForm
from ctstudio.ui.dose_dial import PAPER_DOSES
from ctstudio.ui.notices_line import ShortLabel
from ctstudio.ui.panel_parts import quietly, row

_LAYOUTS = {"nnU-Net raw": "nnunet", "A folder for each sample": "runs"}
_SOURCES = {"As the masks give them": "given", "Of the completed anatomy": "completed"}
_HINTS = {
    "masks": "Folder with label files: NIfTI, NRRD, MHA",
    "dose": "5 %, 10 %, 25 %",
    "seed": "0-4, or 3, 7, 11",
    "labels": "All that the masks hold; or liver, spleen",
    "name": "Dataset501_SyntheticLiver",
    "out": "Folder in which the data set gets its own",
    "patient_pattern": "Each mask is a patient; or a pattern in its path: ^(P\\d+)",
}


class BatchFields(QWidget):
    """Shows a form of the session and sets its values."""

    def __init__(self, form: BatchForm, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._form = form
        self.lines = {name: self._line(name) for name in _HINTS}
        self.chips = {dose: self._chip(dose) for dose in PAPER_DOSES}
        self.layout_box = self._choice("layout", _LAYOUTS, "Layout")
        self.source_box = self._choice("label_source", _SOURCES, "Label maps")
        self.leave_out = QCheckBox("Leave out files that cannot be used")
        self.leave_out.toggled.connect(partial(setattr, form, "leave_out"))
        self.model = ShortLabel()
        self.model.setObjectName("muted")
        self._lay_out()
        form.changed.connect(self.show_form)
        self.show_form()

    def show_form(self, _name: str = "") -> None:
        """Show what the form holds."""
        for name, line in self.lines.items():
            if line.text() != self._form.text(name):
                line.setText(self._form.text(name))
        chosen = self._doses()
        for dose, chip in self.chips.items():
            quietly(chip, any(abs(dose - one) < 1e-9 for one in chosen))
        quietly(self.leave_out, self._form.leave_out)
        taken = f", {self._form.taken}" if self._form.taken else ""
        self.model.show_text(f"{self._form.model}{taken}: as on the Generate page" if self._form.model else "None yet")

    def _doses(self) -> list[float]:
        """The doses in the list, as far as they can be read."""
        found = []
        for part in self._form.text("dose").replace(" %", "%").replace(",", " ").split():
            try:
                found.append(float(part.rstrip("%")) / (100 if part.endswith("%") else 1))
            except ValueError:
                continue
        return found

    def _toggle(self, dose: float, chosen: bool) -> None:
        """Put a dose into the list, or take it out."""
        doses = {one for one in self._doses() if abs(one - dose) > 1e-9} | ({dose} if chosen else set())
        self._form.set_text("dose", ", ".join(f"{100 * one:.10g} %" for one in sorted(doses)))

    def _line(self, name: str) -> QLineEdit:
        line = QLineEdit()
        line.setPlaceholderText(_HINTS[name])
        line.setAccessibleName(_HINTS[name] if name not in ("dose", "seed") else f"List of {name}s")
        line.textChanged.connect(partial(self._form.set_text, name))
        return line

    def _chip(self, dose: float) -> QToolButton:
        chip = QToolButton()
        chip.setText(f"{dose:.0%}")
        chip.setCheckable(True)
        chip.setToolTip(f"Put {dose:.0%} of the full dose into the list, or take it out")
        chip.toggled.connect(partial(self._toggle, dose))
        return chip

    def _choice(self, name: str, choices: dict[str, str], title: str) -> QComboBox:
        box = QComboBox()
        box.addItems(list(choices))
        box.setAccessibleName(title)
        box.setCurrentIndex(list(choices.values()).index(self._form.text(name)))
        box.currentTextChanged.connect(lambda text: self._form.set_text(name, choices[text]))
        return box

    def _lay_out(self) -> None:
        form = QFormLayout()
        form.setContentsMargins(0, 0, 0, 0)
        form.setHorizontalSpacing(14)
        form.setVerticalSpacing(8)
        form.addRow("Masks in", self._with_button("masks", "Folder of masks"))
        form.addRow("", self.leave_out)
        form.addRow("Doses", self._across(self.lines["dose"], *self.chips.values()))
        form.addRow("Seeds", self.lines["seed"])
        form.addRow("Labels", self._across(self.lines["labels"], self.source_box))
        form.addRow("Patient", self.lines["patient_pattern"])
        form.addRow("Data set", self._across(self.lines["name"], self.layout_box))
        form.addRow("Into", self._with_button("out", "Folder for data sets"))
        form.addRow("Model", self.model)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(form)

    def _with_button(self, name: str, title: str) -> QWidget:
        button = QPushButton("Choose …")
        button.setAccessibleName(f"Choose: {title}")
        button.clicked.connect(lambda: self._choose(title, partial(self._form.set_text, name)))
        return self._across(self.lines[name], button)

    def _across(self, first: QWidget, *others: QWidget) -> QWidget:
        box = QWidget()
        across = row(first, *others)
        across.setStretch(0, 1)
        box.setLayout(across)
        return box

    def _choose(self, title: str, then: Callable[[str], object]) -> None:
        dialog = QFileDialog(self, title)
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        dialog.fileSelected.connect(then)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()
