"""A list that is walked with the arrows while the line above it, which searches it, has the focus."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QListWidget


def walked(event: QEvent, items: QListWidget, take: Callable[[], object]) -> bool:
    """Whether a key pressed in the search line was for the list: Up and Down choose, Enter takes."""
    if not isinstance(event, QKeyEvent) or event.type() != QEvent.Type.KeyPress:
        return False
    if event.key() in (Qt.Key.Key_Down, Qt.Key.Key_Up):
        step = 1 if event.key() == Qt.Key.Key_Down else -1
        items.setCurrentRow(max(0, min(items.count() - 1, items.currentRow() + step)))
        return True
    if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
        take()
        return True
    return False
