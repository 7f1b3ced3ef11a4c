"""Keeps the wheel from changing values that one only scrolls past."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtWidgets import QAbstractSpinBox, QComboBox, QWidget


class CalmWheel(QObject):
    """Boxes take the wheel only while they have the focus; otherwise it scrolls what they stand in."""

    def calm(self, panel: QWidget) -> None:
        """Calm every box of a panel; may be called again when there are new ones."""
        for kind in (QComboBox, QAbstractSpinBox):
            for box in panel.findChildren(kind):
                box.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
                box.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Wheel and isinstance(watched, QWidget) and not watched.hasFocus():
            event.ignore()
            return True
        return False
