"""A line that opens what stands under it, with a triangle that points where it is."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QToolButton

from ctstudio.ui import theme
from ctstudio.ui.icons import icon


def fold(title: str) -> QToolButton:
    """The line; `toggled` says whether it is open."""
    button = QToolButton()
    button.setObjectName("fold")
    button.setText(title)
    button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
    button.setCheckable(True)
    turn(button)
    return button


def turn(button: QToolButton) -> None:
    """Let its triangle point where it is."""
    button.setIcon(icon("fold_open" if button.isChecked() else "fold_closed", theme.MUTED, 14))
