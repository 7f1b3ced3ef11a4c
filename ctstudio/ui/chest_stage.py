"""What stands in the place of the case's views while chests are made of reports: one in the making, or two compared."""

from __future__ import annotations

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QStackedWidget, QWidget

from ctstudio.core.volume import Volume
from ctstudio.session.viewing import Viewing
from ctstudio.session.words_compared import WordsCompared
from ctstudio.ui.making_views import MakingViews
from ctstudio.ui.words_views import WordsViews


class ChestStage(QObject):
    """Puts its views on the window's stage when they are wanted; they are made then.

    Signals:
        left: The user closed the comparison.
    """

    left = Signal()

    def __init__(self, stage: QStackedWidget, home: QWidget) -> None:
        super().__init__(stage)
        self._stage, self._home = stage, home
        self.making: MakingViews | None = None
        self.words: WordsViews | None = None

    @property
    def viewing(self) -> Viewing | None:
        """How what is on the stage is looked at; None while the case is."""
        shown = self._stage.currentWidget()
        return shown.linked.viewing if isinstance(shown, MakingViews | WordsViews) else None

    @property
    def compared(self) -> WordsCompared | None:
        """The comparison in sight."""
        words = self.words
        return words.compared if words is not None and self._stage.currentWidget() is words else None

    def show_preview(self, image: Volume, words: str) -> None:
        """Show a chest in the making, and what is being done."""
        if self.making is None:
            self.making = MakingViews()
            self._stage.addWidget(self.making)
        self.making.show_preview(image, words)
        self._stage.setCurrentWidget(self.making)

    def show_pair(self, compared: WordsCompared) -> None:
        """Show two chests and what differs."""
        if self.words is None:
            self.words = WordsViews()
            self._stage.addWidget(self.words)
            self.words.closed.connect(self.left)
            QShortcut(QKeySequence(Qt.Key.Key_Escape), self.words, self.left.emit)
        self.words.show_pair(compared)
        self._stage.setCurrentWidget(self.words)

    def leave(self) -> None:
        """Show the case again."""
        self._stage.setCurrentWidget(self._home)
