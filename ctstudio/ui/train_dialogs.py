"""Small sheets of the Train page: promote a checkpoint, and read a run's log."""

from __future__ import annotations

import re
from collections.abc import Callable

from PySide6.QtCore import Signal
from PySide6.QtGui import QFontDatabase
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QFormLayout,
    QLineEdit,
    QPlainTextEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from ctstudio.jobs.training_status import RunStatus
from ctstudio.ui.panel_parts import muted, row

_CHECKPOINTS = {"Best on the validation part": "best", "Last": "last"}


class PromoteSheet(QDialog):
    """Asks for a model's name and which checkpoint becomes it."""

    asked = Signal(str, str)

    def __init__(self, status: RunStatus, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(f"Promote {status.info.title}")
        self.setMinimumWidth(440)
        self.name = QLineEdit(model_name(status.info.title))
        self.name.setAccessibleName("Name of the model")
        self.checkpoint = QComboBox()
        self.checkpoint.addItems(list(_CHECKPOINTS))
        self.checkpoint.setAccessibleName("Checkpoint")
        self.ok = QPushButton("Put it on the shelf")
        self.ok.setObjectName("primary")
        self.ok.setDefault(True)
        cancel = QPushButton("Cancel")
        form = QFormLayout()
        form.setHorizontalSpacing(14)
        form.setVerticalSpacing(10)
        form.addRow("Name", self.name)
        form.addRow("Checkpoint", self.checkpoint)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(20, 18, 20, 18)
        layout.setSpacing(14)
        text = "The checkpoint becomes a model on this computer's shelf, with the figures that were measured for it."
        layout.addWidget(muted(text))
        layout.addLayout(form)
        layout.addLayout(row(None, cancel, self.ok))
        self.name.textChanged.connect(lambda text: self.ok.setEnabled(bool(model_name(text))))
        self.ok.clicked.connect(self._promote)
        cancel.clicked.connect(self.reject)

    def _promote(self) -> None:
        self.accept()
        self.asked.emit(model_name(self.name.text()), _CHECKPOINTS[self.checkpoint.currentText()])


class LogSheet(QDialog):
    """The end of a run's log; `read` is asked again on Refresh."""

    def __init__(self, title: str, read: Callable[[], object], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(f"Log of {title}")
        self.resize(820, 520)
        self.text = QPlainTextEdit("Reading …")
        self.text.setReadOnly(True)
        self.text.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.text.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        self.text.setAccessibleName("Log")
        again, close = QPushButton("Refresh"), QPushButton("Close")
        again.clicked.connect(lambda: read())
        close.clicked.connect(self.close)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 12, 12, 12)
        layout.addWidget(self.text, 1)
        layout.addLayout(row(None, again, close))

    def show_log(self, text: str) -> None:
        """Show a log from its end."""
        self.text.setPlainText(text or "The log is empty.")
        bar = self.text.verticalScrollBar()
        bar.setValue(bar.maximum())


def model_name(text: str) -> str:
    """A name for the shelf: small letters, digits, dashes."""
    return re.sub(r"[^a-z0-9._-]+", "-", text.strip().lower()).strip("-.")
