"""A form made from a card: one row for each parameter, with its title, unit, range, default and help."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDoubleSpinBox,
    QGridLayout,
    QLabel,
    QLineEdit,
    QSpinBox,
    QWidget,
)

from ctstudio.catalog.parameters import Parameter
from ctstudio.ui.panel_parts import roomy


class ParameterForm(QWidget):
    """Rows for parameters; `changed` carries a name and its new JSON value."""

    changed = Signal(str, object)

    def __init__(self, parameters: Iterable[Parameter], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._set: dict[str, Callable[[Any], None]] = {}
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(12)
        grid.setVerticalSpacing(8)
        grid.setColumnStretch(0, 1)
        for row, parameter in enumerate(parameters):
            title = QLabel(parameter.title + (f" ({parameter.unit})" if parameter.unit else ""))
            editor = self._editor(parameter)
            for widget in (title, editor):
                widget.setToolTip(_help(parameter))
            editor.setAccessibleName(parameter.title)
            editor.setObjectName(f"parameter-{parameter.name}")
            editor.setFixedWidth(120)
            title.setBuddy(editor)
            grid.addWidget(title, row, 0)
            grid.addWidget(editor, row, 1)

    def show_value(self, name: str, value: Any) -> None:
        """Show a value that was set elsewhere; unknown names are ignored."""
        if name in self._set:
            self._set[name](value)

    def _editor(self, parameter: Parameter) -> QWidget:
        makers = {"choice": self._choice, "yes or no": self._tick, "text": self._text}
        return makers.get(parameter.kind, self._number)(parameter)

    def _number(self, parameter: Parameter) -> QWidget:
        whole = parameter.kind == "whole number"
        box: QSpinBox | QDoubleSpinBox = QSpinBox() if whole else QDoubleSpinBox()
        low = -1e9 if parameter.low is None else parameter.low
        high = 1e9 if parameter.high is None else parameter.high
        if isinstance(box, QSpinBox):
            box.setRange(int(low), int(high))
            box.setValue(int(parameter.default))
            self._set[parameter.name] = lambda value: box.setValue(int(value))
        else:
            box.setRange(low, high)
            box.setSingleStep((high - low) / 40)
            box.setValue(float(parameter.default))
            self._set[parameter.name] = lambda value: box.setValue(float(value))
        box.setKeyboardTracking(False)
        roomy(box)
        box.valueChanged.connect(lambda value: self.changed.emit(parameter.name, value))
        return box

    def _choice(self, parameter: Parameter) -> QWidget:
        box = QComboBox()
        box.addItems(list(parameter.choices))
        box.setCurrentText(str(parameter.default))
        box.currentTextChanged.connect(lambda value: self.changed.emit(parameter.name, value))
        self._set[parameter.name] = lambda value: box.setCurrentText(str(value))
        return box

    def _tick(self, parameter: Parameter) -> QWidget:
        box = QCheckBox()
        box.setChecked(bool(parameter.default))
        box.toggled.connect(lambda value: self.changed.emit(parameter.name, value))
        self._set[parameter.name] = lambda value: box.setChecked(bool(value))
        return box

    def _text(self, parameter: Parameter) -> QWidget:
        line = QLineEdit(str(parameter.default or ""))
        line.editingFinished.connect(lambda: self.changed.emit(parameter.name, line.text()))
        self._set[parameter.name] = lambda value: line.setText(str(value))
        return line


def _help(parameter: Parameter) -> str:
    lines = [parameter.help, f"Allowed: {parameter.allowed}. Default: {parameter.default}."]
    if parameter.source:
        lines.append(f"Source: {parameter.source}.")
    return "\n".join(lines)
