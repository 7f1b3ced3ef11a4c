"""A sheet with the opacity of all surfaces and of each label."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QScrollArea, QSlider, QVBoxLayout, QWidget

from ctstudio.core.labels import Label
from ctstudio.session.document import Case
from ctstudio.ui.notices_line import ShortLabel
from ctstudio.ui.panel_parts import LabelledSlider, heading

_WIDTH, _MOST_HEIGHT, _ROW = 280, 380, 27


class OpacitySheet(QFrame):
    """Closes when one clicks beside it."""

    def __init__(self, case: Case, parent: QWidget) -> None:
        super().__init__(parent, Qt.WindowType.Popup | Qt.WindowType.FramelessWindowHint)
        self.setObjectName("card")
        self.setFixedWidth(_WIDTH)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._case = case
        self.sliders: dict[int, QSlider] = {}
        self.all = LabelledSlider("All surfaces", 0, 100, lambda at: f"{at} %", self._set_all)
        self.all.show_value(round(case.scene.opacity * 100))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(14, 12, 8, 10)
        layout.setSpacing(8)
        layout.addWidget(self.all)
        labels = [case.mask.table.by_value(value) for value in case.mask.present()]
        if labels:
            layout.addWidget(heading("Labels"))
            layout.addWidget(self._list(sorted(labels, key=lambda label: label.title)))

    def open_under(self, button: QWidget) -> None:
        """Show it under a button, its right edges in line."""
        self.adjustSize()
        corner = button.mapToGlobal(QPoint(button.width() - self.width(), button.height() + 4))
        self.move(max(corner.x(), 0), corner.y())
        self.show()

    def _list(self, labels: list[Label]) -> QWidget:
        rows = QWidget()
        column = QVBoxLayout(rows)
        column.setContentsMargins(0, 0, 6, 0)
        column.setSpacing(2)
        own = self._case.scene.label_opacities(labels)
        for label in labels:
            column.addWidget(self._row(label, own[label.value]))
        area = QScrollArea()
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setWidgetResizable(True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setFixedHeight(min(len(labels) * _ROW + 4, _MOST_HEIGHT))
        area.setWidget(rows)
        return area

    def _row(self, label: Label, opacity: float) -> QWidget:
        row = QWidget()
        row.setFixedHeight(_ROW - 2)
        line = QHBoxLayout(row)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(8)
        swatch = QLabel()
        swatch.setFixedSize(10, 10)
        swatch.setStyleSheet("background: rgb({}, {}, {}); border-radius: 3px;".format(*label.colour))
        slider = QSlider(Qt.Orientation.Horizontal)
        slider.setRange(0, 100)
        slider.setValue(round(opacity * 100))
        slider.setFixedWidth(84)
        slider.setAccessibleName(f"Opacity of {label.title}")
        slider.valueChanged.connect(partial(self._set_label, label.value))
        self.sliders[label.value] = slider
        line.addWidget(swatch)
        line.addWidget(ShortLabel(label.title), 1)
        line.addWidget(slider)
        return row

    def _set_all(self, percent: int) -> None:
        self._case.scene.opacity = percent / 100

    def _set_label(self, value: int, percent: int) -> None:
        self._case.scene.set_label_opacity(value, percent / 100)
