"""Every action of the window in one table: the menus, the keys, the palette and the help sheet read it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QMenuBar, QWidget


@dataclass(frozen=True)
class Command:
    """One action.

    Attributes:
        menu: The menu it stands in.
        title: What people read.
        keys: Key sequences, the first one shown. Empty when it has none.
        run: What it does.
        in_views: True for keys that act only while a view has the focus (arrows and the like).
    """

    menu: str
    title: str
    keys: tuple[str, ...]
    run: Callable[[], object]
    in_views: bool = False


class Actions:
    """The window's actions, made from commands."""

    def __init__(self, owner: QWidget, commands: tuple[Command, ...]) -> None:
        self.commands = commands
        self._by_title: dict[str, QAction] = {}
        for command in commands:
            action = QAction(command.title, owner)
            if command.keys and not command.in_views:
                action.setShortcuts([QKeySequence(key) for key in command.keys])
                action.setShortcutContext(Qt.ShortcutContext.WindowShortcut)
            action.triggered.connect(lambda _=False, run=command.run: run())
            self._by_title[command.title] = action
            owner.addAction(action)

    def __getitem__(self, title: str) -> QAction:
        return self._by_title[title]

    def fill(self, bar: QMenuBar) -> None:
        """Put every action into its menu, in the table's order."""
        menus = {name: bar.addMenu(name) for name in dict.fromkeys(c.menu for c in self.commands)}
        for command in self.commands:
            menu = menus[command.menu]
            action = self._by_title[command.title]
            if command.in_views and command.keys:
                action.setText(f"{command.title}\t{key_name(command.keys[0])}")
            menu.addAction(action)

    def press(self, key: str) -> bool:
        """Run the in-view action of a key; False when no action has it."""
        for command in self.commands:
            if command.in_views and key in command.keys:
                command.run()
                return True
        return False


def key_name(key: str) -> str:
    """A key sequence as it is written on this computer's keyboard."""
    return QKeySequence(key).toString(QKeySequence.SequenceFormat.NativeText)
