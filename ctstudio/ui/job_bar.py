"""The bar that is always in sight: the engine, the running job with its end, what waits, and the newest notice."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QRectF, QSize, Signal
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QProgressBar, QPushButton, QWidget

from ctstudio.ui import theme
from ctstudio.ui.icons import icon
from ctstudio.ui.notices_line import NoticesLine


@dataclass(frozen=True)
class JobState:
    """What the bar shows.

    Attributes:
        light: "green" ready, "amber" starting or working, "red" failed, "" asleep.
        text: For example "NA-Diff, step 18 of 50, 6 s left".
        step: Steps done.
        total: Steps of the job; 0 while unknown.
        can_cancel: Whether a job runs or waits.
        can_restart: Whether the engine is down and can be started again.
        memory: For example "GPU 3.1 of 24 GB"; may be empty.
    """

    light: str
    text: str
    step: int = 0
    total: int = 0
    can_cancel: bool = False
    can_restart: bool = False
    memory: str = ""


class Light(QWidget):
    """A lamp: filled when ready, ring while starting, square when failed."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._level = ""
        self.setFixedSize(QSize(14, 14))

    def show_level(self, level: str) -> None:
        """Light it in one of the levels' colours; "" is dark."""
        self._level = level
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        colour = QColor(theme.LEVELS.get(self._level, theme.FAINT))
        painter.setPen(colour)
        if self._level != "amber":
            painter.setBrush(colour)
        box = QRectF(3, 3, 8, 8)
        painter.drawRect(box) if self._level == "red" else painter.drawEllipse(box)


class JobBar(QFrame):
    """Light, words, progress, Cancel or Restart on the left; notices on the right."""

    cancel_asked = Signal()
    restart_asked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("bar")
        self.setFixedHeight(44)
        layout = self._row = QHBoxLayout(self)
        layout.setContentsMargins(12, 1, 12, 1)
        layout.setSpacing(10)
        self.light = Light()
        self.text = QLabel()
        self.text.setMinimumWidth(230)
        self.text.setAccessibleName("Engine and job")
        self.progress = QProgressBar()
        self.progress.setTextVisible(False)
        self.progress.setFixedWidth(170)
        self.cancel = QPushButton("Cancel")
        self.cancel.setIcon(icon("close", theme.MUTED, 12))
        self.cancel.setToolTip("Stop the running job within one step (Ctrl+Alt+Enter)")
        self.cancel.clicked.connect(self.cancel_asked)
        self.restart = QPushButton("Restart engine")
        self.restart.setIcon(icon("restart", theme.TEXT, 14))
        self.restart.setToolTip("Start the engine again. Your painting and results are untouched.")
        self.restart.clicked.connect(self.restart_asked)
        self.memory = QLabel()
        self.memory.setObjectName("small")
        self.notices = NoticesLine()
        for widget in (self.light, self.text, self.progress, self.cancel, self.restart, self.memory):
            layout.addWidget(widget)
        layout.addSpacing(16)
        layout.addWidget(self.notices, 1)
        self.show_state(JobState("", "Engine not started"))

    def show_beside(self, widget: QWidget) -> None:
        """Take in something that is at work beside the engine."""
        self._row.insertWidget(self._row.indexOf(self.memory), widget)

    def show_state(self, state: JobState) -> None:
        """Show the engine and its job as they are now."""
        self.light.show_level(state.light)
        self.text.setText(state.text)
        self.text.setToolTip(state.text)
        self.progress.setVisible(state.can_cancel)
        self.progress.setRange(0, state.total)
        self.progress.setValue(state.step)
        self.cancel.setVisible(state.can_cancel)
        self.restart.setVisible(state.can_restart)
        self.memory.setText(state.memory)
        self.memory.setVisible(bool(state.memory))
        layout = self.layout()
        if layout is not None:
            layout.activate()
