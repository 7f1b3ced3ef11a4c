"""The seed: a number, a lock that keeps it, dice that roll a new one."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSpinBox, QWidget

from ctstudio.catalog.parameters import Parameter
from ctstudio.ui.icons import icon
from ctstudio.ui.panel_parts import icon_button, roomy


class SeedRow(QWidget):
    """One row; it shows what the session says and sets nothing by itself."""

    set_asked = Signal(int)
    lock_asked = Signal(bool)
    dice_asked = Signal()

    def __init__(self, parameter: Parameter, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        title = QLabel(parameter.title)
        self.number = QSpinBox()
        self.number.setRange(int(parameter.low or 0), int(parameter.high or 2**31 - 1))
        self.number.setFixedWidth(120)
        roomy(self.number)
        self.number.setKeyboardTracking(False)
        self.number.setAccessibleName(parameter.title)
        self.number.setToolTip(parameter.help)
        title.setToolTip(parameter.help)
        self.lock = icon_button("unlock", "Keep this seed for the next samples", checkable=True)
        self.dice = icon_button("dice", "Roll a new seed", self.dice_asked.emit)
        for widget in (title, self.lock, self.dice, self.number):
            layout.addWidget(widget)
        layout.insertStretch(1, 1)
        self.number.valueChanged.connect(self.set_asked)
        self.lock.clicked.connect(lambda: self.lock_asked.emit(self.lock.isChecked()))

    def show_state(self, seed: int, locked: bool) -> None:
        """Show the seed and whether it is kept."""
        self.number.blockSignals(True)
        self.number.setValue(seed)
        self.number.blockSignals(False)
        self.lock.setChecked(locked)
        self.lock.setIcon(icon("lock" if locked else "unlock"))
