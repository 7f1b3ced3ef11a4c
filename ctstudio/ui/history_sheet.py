"""The reports that were generated from, found by typing some of their words."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QEvent, QObject, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from ctstudio.session.prompt_history import Asked, found
from ctstudio.session.report_text import ReportText
from ctstudio.ui.list_keys import walked
from ctstudio.ui.notices_line import ShortLabel
from ctstudio.ui.panel_parts import row

_REALLY = "Press again to forget all"
_ALL = "Forget all"


class HistorySheet(QDialog):
    """A list under a search line; Enter takes the chosen report, Delete forgets it, Esc closes.

    Signals:
        taken: The `ReportText` that was chosen.
        forget_asked: The `ReportText` that shall be forgotten.
        clear_asked: All shall be forgotten.
    """

    taken = Signal(ReportText)
    forget_asked = Signal(ReportText)
    clear_asked = Signal()

    def __init__(self, place: Path, parent: QWidget) -> None:
        super().__init__(parent, Qt.WindowType.Popup | Qt.WindowType.FramelessWindowHint)
        self.setObjectName("palette")
        self.setFixedSize(620, 460)
        self._entries: tuple[Asked, ...] = ()
        self.search = QLineEdit()
        self.search.setPlaceholderText("Words of an earlier report")
        self.search.setAccessibleName("Find an earlier report")
        self.search.textChanged.connect(self._filter)
        self.search.installEventFilter(self)
        self.list = QListWidget()
        self.list.setAccessibleName("Earlier reports")
        self.list.itemActivated.connect(lambda _: self._take())
        self.list.itemClicked.connect(lambda _: self._take())
        self.none = QLabel()
        self.none.setObjectName("muted")
        self.none.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.clear = QPushButton(_ALL)
        self.clear.setToolTip("Empty the history on this machine")
        self.clear.setAutoDefault(False)
        self.clear.clicked.connect(self._clear)
        told = ShortLabel("Enter takes, Delete forgets. Kept on this machine alone.")
        told.setObjectName("small")
        told.setToolTip(f"The last 50 reports are kept in\n{place}\nand are never sent anywhere.")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 12, 12, 12)
        layout.setSpacing(8)
        layout.addWidget(self.search)
        layout.addWidget(self.list, 1)
        layout.addWidget(self.none, 1)
        foot = row(told, self.clear)
        foot.setStretch(0, 1)
        layout.addLayout(foot)
        self.show_entries(())

    def open_over(self, window: QWidget) -> None:
        """Show the sheet in the upper middle of a window."""
        self.search.clear()
        self.clear.setText(_ALL)
        corner = window.mapToGlobal(window.rect().topLeft())
        self.move(corner.x() + (window.width() - self.width()) // 2, corner.y() + 70)
        self.show()
        self.search.setFocus()

    def show_entries(self, entries: Sequence[Asked]) -> None:
        """Show this history."""
        self._entries = tuple(entries)
        self.clear.setText(_ALL)
        self._filter(self.search.text())

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Let arrows, Enter and Delete act on the list while the search line has the focus."""
        if walked(event, self.list, self._take):
            return True
        at_end = self.search.cursorPosition() == len(self.search.text())
        pressed = event.key() if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress else None
        if pressed == Qt.Key.Key_Delete and at_end:
            self._forget()
            return True
        return super().eventFilter(watched, event)

    def _filter(self, words: str) -> None:
        self.list.clear()
        for entry in found(self._entries, words):
            item = QListWidgetItem()
            item.setData(Qt.ItemDataRole.UserRole, entry)
            item.setSizeHint(QSize(0, 52))
            item.setToolTip(entry.text.whole)
            self.list.addItem(item)
            self.list.setItemWidget(item, _line(entry))
        self.list.setCurrentRow(0)
        empty = not self.list.count()
        self.list.setVisible(not empty)
        self.none.setVisible(empty)
        self.none.setText("No earlier report holds these words." if self._entries else "No report yet.")
        self.clear.setEnabled(bool(self._entries))

    def _chosen(self) -> Asked | None:
        item = self.list.currentItem()
        chosen: Asked | None = None if item is None else item.data(Qt.ItemDataRole.UserRole)
        return chosen

    def _take(self) -> None:
        chosen = self._chosen()
        if chosen is not None:
            self.close()
            self.taken.emit(chosen.text)

    def _forget(self) -> None:
        chosen = self._chosen()
        if chosen is not None:
            self.forget_asked.emit(chosen.text)

    def _clear(self) -> None:
        if self.clear.text() == _ALL:
            self.clear.setText(_REALLY)
        else:
            self.clear_asked.emit()


def _line(entry: Asked) -> QWidget:
    """The impression over the findings, and when it was."""
    line = QWidget()
    words = QVBoxLayout()
    words.setContentsMargins(0, 0, 0, 0)
    words.setSpacing(0)
    text = entry.text
    words.addWidget(ShortLabel(" ".join((text.impression or text.findings).split())))
    under = ShortLabel(" ".join(text.findings.split()) if text.impression.strip() else "No impression")
    under.setObjectName("small")
    words.addWidget(under)
    layout = QHBoxLayout(line)
    layout.setContentsMargins(8, 4, 10, 4)
    layout.setSpacing(14)
    layout.addLayout(words, 1)
    when = QLabel(entry.day)
    when.setObjectName("small")
    layout.addWidget(when)
    return line
