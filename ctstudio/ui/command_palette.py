"""Ctrl+K: every action with its key, found by typing a few of its letters."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QSize, Qt
from PySide6.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QVBoxLayout,
    QWidget,
)

from ctstudio.ui.actions import Command, key_name
from ctstudio.ui.list_keys import walked


class CommandPalette(QDialog):
    """A list of actions under a search line; Enter runs the chosen one, Esc closes."""

    def __init__(self, commands: tuple[Command, ...], parent: QWidget) -> None:
        super().__init__(parent, Qt.WindowType.Popup | Qt.WindowType.FramelessWindowHint)
        self._commands = commands
        self.setObjectName("palette")
        self.setFixedSize(560, 440)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 12, 12, 12)
        layout.setSpacing(8)
        self.search = QLineEdit()
        self.search.setPlaceholderText("Type what you want to do")
        self.search.setAccessibleName("Find an action")
        self.search.textChanged.connect(self._filter)
        self.search.installEventFilter(self)
        self.list = QListWidget()
        self.list.setAccessibleName("Actions")
        self.list.itemActivated.connect(lambda _: self._run())
        self.list.itemClicked.connect(lambda _: self._run())
        layout.addWidget(self.search)
        layout.addWidget(self.list)

    def open_over(self, window: QWidget) -> None:
        """Show the palette in the upper middle of a window; its lines are made now, not at the window's start."""
        self.search.clear()
        self._filter("")
        corner = window.mapToGlobal(window.rect().topLeft())
        self.move(corner.x() + (window.width() - self.width()) // 2, corner.y() + 70)
        self.show()
        self.search.setFocus()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Let the arrows walk the list while the search line has the focus."""
        return walked(event, self.list, self._run) or super().eventFilter(watched, event)

    def _filter(self, text: str) -> None:
        words = text.lower().split()
        self.list.clear()
        for command in self._commands:
            if all(word in f"{command.menu} {command.title}".lower() for word in words):
                item = QListWidgetItem()
                item.setData(Qt.ItemDataRole.UserRole, command)
                row = _row(command)
                item.setSizeHint(QSize(0, 32))
                self.list.addItem(item)
                self.list.setItemWidget(item, row)
        self.list.setCurrentRow(0)

    def _run(self) -> None:
        item = self.list.currentItem()
        if item is not None:
            command: Command = item.data(Qt.ItemDataRole.UserRole)
            self.close()
            command.run()


def _row(command: Command) -> QWidget:
    row = QWidget()
    layout = QHBoxLayout(row)
    layout.setContentsMargins(8, 0, 10, 0)
    layout.addWidget(QLabel(command.title), 1)
    keys = QLabel("   ".join(key_name(key) for key in command.keys))
    keys.setObjectName("small")
    layout.addWidget(keys)
    return row
