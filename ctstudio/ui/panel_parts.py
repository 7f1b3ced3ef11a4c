"""Small parts that the page panels are built from: headings, rules, rows and sliders with a reading."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractSpinBox,
    QFrame,
    QHBoxLayout,
    QLabel,
    QScrollArea,
    QSlider,
    QSpinBox,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from ctstudio.ui.icons import icon

PANEL_WIDTH = 320
MARGIN = 16


def heading(text: str) -> QLabel:
    """A section's heading."""
    label = QLabel(text.upper())
    label.setObjectName("heading")
    return label


def rule() -> QFrame:
    """A thin line between sections."""
    line = QFrame()
    line.setObjectName("rule")
    return line


def muted(text: str) -> QLabel:
    """A sentence of help in the quiet colour."""
    label = Paragraph(text)
    label.setObjectName("muted")
    return label


class Paragraph(QLabel):
    """Text in as many lines as it needs; it claims their height, which layouts in a scroll area forget."""

    def __init__(self, text: str = "", parent: QWidget | None = None) -> None:
        super().__init__(text, parent)
        self.setWordWrap(True)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.setMinimumHeight(max(0, self.heightForWidth(self.width())))


def row(*widgets: QWidget | None, spacing: int = 8) -> QHBoxLayout:
    """Widgets side by side; None is a stretch."""
    layout = QHBoxLayout()
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(spacing)
    for widget in widgets:
        if widget is None:
            layout.addStretch(1)
        else:
            layout.addWidget(widget)
    return layout


def add_all(rows: QVBoxLayout, *widgets: QWidget) -> None:
    """Put widgets under each other."""
    for widget in widgets:
        rows.addWidget(widget)


def over_foot(panel: QWidget, inside: QWidget, *foot: QWidget) -> None:
    """Fill a panel: what scrolls, over what is always in sight."""
    area = QScrollArea()
    area.setWidgetResizable(True)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    area.setWidget(inside)
    below = QWidget()
    footing = QVBoxLayout(below)
    footing.setContentsMargins(MARGIN, 8, MARGIN, 14)
    for widget in foot:
        footing.addWidget(widget)
    outer = QVBoxLayout(panel)
    outer.setContentsMargins(0, 0, 0, 0)
    outer.setSpacing(0)
    outer.addWidget(area, 1)
    outer.addWidget(below)


def icon_button(name: str, tip: str, run: Callable[[], object] | None = None, checkable: bool = False) -> QToolButton:
    """A square button with an icon; the tip is also its name for screen readers."""
    button = QToolButton()
    button.setIcon(icon(name))
    button.setIconSize(QSize(20, 20))
    button.setFixedSize(QSize(36, 34))
    button.setToolTip(tip)
    button.setAccessibleName(tip)
    button.setCheckable(checkable)
    button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    if run is not None:
        button.clicked.connect(lambda _=False: run())
    return button


def hu_box(value: int) -> QSpinBox:
    """A narrow box for a number of HU."""
    box = QSpinBox()
    box.setRange(-1100, 4000)
    box.setValue(value)
    box.setFixedWidth(74)
    roomy(box)
    return box


def roomy(box: QAbstractSpinBox) -> None:
    """Give a number box's text some room from its edge."""
    box.lineEdit().setTextMargins(6, 0, 4, 0)


def quietly(button: QAbstractButton, checked: bool) -> None:
    """Tick or untick without saying so."""
    button.blockSignals(True)
    button.setChecked(checked)
    button.blockSignals(False)


def quietly_set(box: QSpinBox, value: int) -> None:
    """Show a number without saying so."""
    if box.value() != value:
        box.blockSignals(True)
        box.setValue(value)
        box.blockSignals(False)


class LabelledSlider(QWidget):
    """A title, a reading and a slider under them; values are whole numbers that `reading` puts in words."""

    def __init__(
        self, title: str, low: int, high: int, reading: Callable[[int], str], changed: Callable[[int], object]
    ) -> None:
        super().__init__()
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setRange(low, high)
        self.slider.setAccessibleName(title)
        self._value = QLabel()
        self._value.setObjectName("value")
        self._reading = reading
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addLayout(row(QLabel(title), None, self._value))
        layout.addWidget(self.slider)
        self.slider.valueChanged.connect(lambda value: self._value.setText(reading(value)))
        self.slider.valueChanged.connect(changed)
        self._value.setText(reading(self.slider.value()))

    def show_value(self, value: int) -> None:
        """Show a value that was set elsewhere, without saying so."""
        self.slider.blockSignals(True)
        self.slider.setValue(value)
        self.slider.blockSignals(False)
        self._value.setText(self._reading(value))
