"""The batch at work, in the job bar: words that open its sheet, progress, and a way to stop it."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QProgressBar, QToolButton, QWidget

from ctstudio.jobs.training_status import RunStatus
from ctstudio.ui import theme
from ctstudio.ui.batch_words import state_line
from ctstudio.ui.icons import icon

_WIDTH = 120
_STEPS = 1000


class BatchChip(QWidget):
    """Seen only while a batch is at work."""

    opened = Signal()
    stop_asked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.words = QToolButton()
        self.words.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextOnly)
        self.words.setAccessibleName("The data set being made")
        self.progress = QProgressBar()
        self.progress.setTextVisible(False)
        self.progress.setFixedWidth(_WIDTH)
        self.progress.setRange(0, _STEPS)
        self.stop = QToolButton()
        self.stop.setIcon(icon("close", theme.MUTED, 12))
        self.stop.setToolTip("Stop making the data set; it can go on later")
        self.stop.setAccessibleName("Stop making the data set")
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(6)
        for widget in (self.words, self.progress, self.stop):
            layout.addWidget(widget)
        self.words.clicked.connect(self.opened)
        self.stop.clicked.connect(self.stop_asked)
        self.show_status(None)

    def show_status(self, status: RunStatus | None) -> None:
        """Show the batch at work; None hides."""
        self.setVisible(status is not None)
        if status is not None:
            self.words.setText(
                f"Data set {status.info.step}/{status.info.steps}" if status.info.steps else "Data set …"
            )
            self.words.setToolTip(f"{state_line(status)}. Click for more.")
            self.progress.setValue(round(status.progress * _STEPS))
