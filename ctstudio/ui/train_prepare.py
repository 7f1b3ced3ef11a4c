"""Prepares a data set beside the window: asks for folders, shows progress, and then what was left out and why."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QSize, Qt, QTimer, Signal
from PySide6.QtWidgets import (
    QDialog,
    QFileDialog,
    QFormLayout,
    QHeaderView,
    QLabel,
    QLineEdit,
    QProgressBar,
    QPushButton,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from ctstudio.catalog.dataset import DatasetInfo
from ctstudio.core.errors import Cancelled, CtStudioError, InputError
from ctstudio.session.training_check import describe
from ctstudio.ui import theme
from ctstudio.ui.background import Background
from ctstudio.ui.notices_line import ShortLabel
from ctstudio.ui.panel_parts import muted, row

_TELL_MS = 100
_TABLE_STYLE = f"""
QTableWidget {{ border: 1px solid {theme.LINE}; border-radius: 6px; }}
QTableWidget::item {{ padding: 5px 8px; border-bottom: 1px solid {theme.LINE}; }}
QHeaderView::section {{ background: {theme.RAISED}; color: {theme.MUTED}; border: none; padding: 5px 8px; }}
"""


@dataclass
class _Progress:
    """Written by the builder's thread, read by the window's."""

    done: int = 0
    total: int = 0
    what: str = ""

    def tell(self, done: int, total: int, what: str) -> None:
        """How far the builder is."""
        self.done, self.total, self.what = done, total, what


class PrepareSheet(QDialog):
    """Builds one data set; it may be closed while that goes on, and cancels it only when asked."""

    prepared = Signal(Path)

    def __init__(self, home: Path, background: Background, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Prepare data for training")
        self.resize(820, 560)
        self._home = home
        self._background = background
        self._cancelled = threading.Event()
        self._progress = _Progress()
        self.building = False
        self.source = _line("Folder with scans, labels, reports")
        self.out = _line("New folder for the data set")
        self.pattern = _line("Regular expression in a case's path; empty: told from headers and names")
        self.split = QLineEdit("0.8, 0.1, 0.1")
        self.split.setAccessibleName("Shares of training, validation, test")
        self.start_button = QPushButton("Prepare")
        self.start_button.setObjectName("primary")
        self.cancel_button = QPushButton("Cancel")
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.doing = ShortLabel()
        self.doing.setObjectName("muted")
        self.summary = QLabel()
        self.summary.setWordWrap(True)
        self.table = _table()
        self._timer = QTimer(self)
        self._timer.setInterval(_TELL_MS)
        self._timer.timeout.connect(self._show_progress)
        self._lay_out()
        self.source.textChanged.connect(self._propose_out)
        self.start_button.clicked.connect(self.start)
        self.cancel_button.clicked.connect(self.cancel)
        self._show_state()

    def start(self) -> None:
        """Begin to build."""
        from ctstudio.io.dataset_building import build_dataset
        from ctstudio.io.dataset_options import DatasetOptions, split_from_text

        source, out = self.source.text().strip(), self.out.text().strip()
        try:
            if not source or not out:
                raise InputError("Two folders are needed.", "Choose where the scans lie and where the data set goes.")
            options = DatasetOptions(split_from_text(self.split.text()), patient_pattern=self.pattern.text().strip())
        except CtStudioError as error:
            self._failed(error)
            return
        self._cancelled.clear()
        self._progress = _Progress()
        progress, cancelled = self._progress, self._cancelled
        self.building = True
        self.table.setRowCount(0)
        self.summary.setText("")
        self._show_state()
        self._background.run(
            lambda: build_dataset(
                Path(source).expanduser(), Path(out).expanduser(), options, progress.tell, cancelled.is_set
            ),
            lambda info: self._done(info, Path(out).expanduser().resolve()),
            self._failed,
        )

    def cancel(self) -> None:
        """Stop building."""
        self._cancelled.set()

    def _done(self, info: DatasetInfo, out: Path) -> None:
        self.building = False
        self._show_state()
        self.show_report(info)
        self.prepared.emit(out)

    def _failed(self, error: CtStudioError) -> None:
        self.building = False
        self._show_state()
        if isinstance(error, Cancelled):
            self._say("Cancelled: nothing was written.", theme.MUTED)
        else:
            self._say(f"{error.message} {error.remedy}".strip(), theme.RED)

    def show_report(self, info: DatasetInfo) -> None:
        """Show what is in a data set, and a table of what was left out."""
        words = [f"{info.name}: {describe(info)}."]
        words += [f"Note: {warning}" for warning in info.warnings]
        words.append(f"{len(info.skipped)} left out:" if info.skipped else "Nothing was left out.")
        self._say("\n".join(words), theme.TEXT)
        self.table.setRowCount(len(info.skipped))
        for place, one in enumerate(info.skipped):
            for column, text in enumerate((one.path, one.why, one.remedy)):
                cell = QTableWidgetItem(text)
                cell.setToolTip(text)
                self.table.setItem(place, column, cell)
        self.table.resizeRowsToContents()
        self.table.setVisible(bool(info.skipped))

    def _say(self, text: str, colour: str) -> None:
        self.summary.setText(text)
        self.summary.setStyleSheet(f"color: {colour};")

    def _show_progress(self) -> None:
        now = self._progress
        self.bar.setRange(0, now.total)
        self.bar.setValue(now.done)
        self.doing.show_text(f"{now.what} ({now.done} of {now.total})" if now.total else now.what or "Looking …")

    def _show_state(self) -> None:
        self.start_button.setEnabled(not self.building)
        self.cancel_button.setVisible(self.building)
        self.bar.setVisible(self.building)
        self.doing.setVisible(self.building)
        if self.building:
            self._timer.start()
        else:
            self._timer.stop()

    def _propose_out(self, source: str) -> None:
        name = Path(source.strip()).name
        if name:
            number, out = 1, self._home / name
            while out.exists():
                number += 1
                out = self._home / f"{name}-{number}"
            self.out.setText(str(out))

    def _lay_out(self) -> None:
        form = QFormLayout()
        form.setHorizontalSpacing(14)
        form.setVerticalSpacing(8)
        form.addRow("Scans in", self._with_button(self.source, "Folder with the cases"))
        form.addRow("Data set to", self._with_button(self.out, "Folder for the data set"))
        form.addRow("Patient", self.pattern)
        form.addRow("Split", self.split)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(20, 18, 20, 18)
        layout.setSpacing(12)
        text = (
            "Scans, label maps, reports, PET and MR are checked, put on one grid and split by patient. "
            "Your files are only read."
        )
        layout.addWidget(muted(text))
        layout.addLayout(form)
        head = row(self.doing, self.bar, None, self.cancel_button, self.start_button, spacing=12)
        head.setStretch(0, 2)
        head.setStretch(1, 1)
        layout.addLayout(head)
        layout.addWidget(self.summary)
        layout.addWidget(self.table, 1)
        layout.addStretch(0)

    def _with_button(self, line: QLineEdit, title: str) -> QWidget:
        box, button = QWidget(), QPushButton("Choose …")
        line_and_button = row(line, button)
        line_and_button.setStretch(0, 1)
        box.setLayout(line_and_button)
        button.clicked.connect(lambda: self._choose(line, title))
        return box

    def _choose(self, line: QLineEdit, title: str) -> None:
        dialog = QFileDialog(self, title)
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        dialog.fileSelected.connect(line.setText)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()


def _line(hint: str) -> QLineEdit:
    line = QLineEdit()
    line.setPlaceholderText(hint)
    line.setAccessibleName(hint)
    return line


def _table() -> QTableWidget:
    table = QTableWidget(0, 3)
    table.setHorizontalHeaderLabels(["Left out", "Why", "What to do"])
    table.setAccessibleName("What was left out")
    table.setEditTriggers(QTableWidget.EditTrigger.NoEditTriggers)
    table.setSelectionBehavior(QTableWidget.SelectionBehavior.SelectRows)
    table.setWordWrap(True)
    table.setStyleSheet(_TABLE_STYLE)
    table.setShowGrid(False)
    table.verticalHeader().hide()
    table.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
    table.horizontalHeader().setDefaultAlignment(Qt.AlignmentFlag.AlignLeft)
    table.setMinimumSize(QSize(200, 120))
    table.setVisible(False)
    return table
