"""The sheet "What the labels mean": every label of the mask, and beside it the standard label that it stands for."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QColor, QPixmap
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QCompleter,
    QDialog,
    QGridLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from ctstudio.session.label_mapping import LEAVE_OUT, Foreign, standard_names
from ctstudio.ui.calm_wheel import CalmWheel
from ctstudio.ui.panel_parts import Paragraph, add_all, muted, row

KEEP = "Keep as it is"
_OUT = "Leave out"
_ABOUT = (
    "Tasks that follow anatomy know the labels of TotalSegmentator and a few of our own. Say what each label of this "
    "mask stands for: type a part of a name to find it."
)


class LabelMapSheet(QDialog):
    """Asks what labels mean.

    Signals:
        told: Values to standard names (`LEAVE_OUT` for background), and whether to remember them.
    """

    told = Signal(object, bool)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("What the labels mean")
        self.resize(640, 560)
        self._names = sorted(standard_names())
        self._titles = [name.replace("_", " ") for name in self._names]
        self._labels: tuple[Foreign, ...] = ()
        self.choices: dict[int, QComboBox] = {}
        self._calm = CalmWheel(self)
        self.state = Paragraph()
        self.remember = QCheckBox("Remember, and ask no more when a file comes with these names")
        self.remember.setChecked(True)
        self.ok, cancel = QPushButton("Map the labels"), QPushButton("Cancel")
        self.ok.setObjectName("primary")
        self.ok.setDefault(True)
        self.ok.clicked.connect(self._tell)
        cancel.clicked.connect(self.close)
        self._area = QScrollArea()
        self._area.setWidgetResizable(True)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(20, 18, 20, 18)
        layout.setSpacing(12)
        add_all(layout, muted(_ABOUT), self.state)
        layout.addWidget(self._area, 1)
        layout.addWidget(self.remember)
        layout.addLayout(row(None, cancel, self.ok))

    def show_labels(self, labels: tuple[Foreign, ...], meanings: Mapping[int, str]) -> None:
        """Ask about these labels, with what is known or guessed of them."""
        self._labels, self.choices = labels, {}
        inside = QWidget()
        grid = QGridLayout(inside)
        grid.setContentsMargins(0, 0, 8, 0)
        grid.setHorizontalSpacing(12)
        grid.setVerticalSpacing(7)
        grid.setColumnStretch(1, 1)
        for place, label in enumerate(labels):
            name = QLabel(f"{label.value}   {label.name.replace('_', ' ')}")
            volume = QLabel(f"{label.volume_ml:.1f} mL")
            volume.setObjectName("small")
            choice = self.choices[label.value] = self._choice(label, meanings.get(label.value))
            for column, widget in enumerate((_swatch(label.colour), name, volume, choice)):
                grid.addWidget(widget, place, column)
        grid.setRowStretch(len(labels), 1)
        self._calm.calm(inside)
        self._area.setWidget(inside)
        self._show_state()

    def meanings(self) -> dict[int, str]:
        """What is chosen, without what stays as it is."""
        told = {value: self._meaning(choice) for value, choice in self.choices.items()}
        return {value: name for value, name in told.items() if name is not None}

    def _choice(self, label: Foreign, meaning: str | None) -> QComboBox:
        box = QComboBox()
        box.addItems([KEEP, _OUT, *self._titles])
        box.setEditable(True)
        box.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        box.setMinimumWidth(250)
        box.setAccessibleName(f"What {label.name} means")
        finder = QCompleter(box.model(), box)
        finder.setFilterMode(Qt.MatchFlag.MatchContains)
        finder.setCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        finder.setCompletionMode(QCompleter.CompletionMode.PopupCompletion)
        box.setCompleter(finder)
        wanted = None if label.known and meaning == label.name else meaning
        title = KEEP if wanted is None else _OUT if wanted == LEAVE_OUT else wanted.replace("_", " ")
        box.setCurrentIndex(max(0, box.findText(title)))
        box.currentTextChanged.connect(lambda _: self._show_state())
        return box

    def _meaning(self, choice: QComboBox) -> str | None:
        text = choice.currentText().strip().lower()
        if text == _OUT.lower():
            return LEAVE_OUT
        return self._names[self._titles.index(text)] if text in self._titles else None

    def _show_state(self) -> None:
        meant = self.meanings()
        unclear = [one for one in self._labels if not one.known and one.value not in meant]
        wrong = [one for one in self.choices.values() if not _says(one, self._titles)]
        count = len(unclear)
        words = f"{count} of {len(self._labels)} labels have no place in the standard table yet."
        if not count:
            words = "Every label has its place in the standard table."
        self.state.setText("No label is called that: choose one of the list." if wrong else words)
        self.ok.setEnabled(bool(meant) and not wrong)

    def _tell(self) -> None:
        told = self.meanings()
        self.close()
        self.told.emit(told, self.remember.isChecked())


def _says(choice: QComboBox, titles: list[str]) -> bool:
    return choice.currentText().strip().lower() in (KEEP.lower(), _OUT.lower(), *titles)


def _swatch(colour: tuple[int, int, int]) -> QLabel:
    label = QLabel()
    picture = QPixmap(QSize(14, 14))
    picture.fill(QColor(*colour))
    label.setPixmap(picture)
    return label
