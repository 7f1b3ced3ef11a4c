"""The sheet "Generate from a list of reports": the table, the folder, how much that is, and how it goes."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from PySide6.QtCore import QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import (
    QCheckBox,
    QDialog,
    QFileDialog,
    QFormLayout,
    QLineEdit,
    QProgressBar,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from ctstudio.core.spoken import duration
from ctstudio.session.report_list import ReportList, Wanted
from ctstudio.ui import theme
from ctstudio.ui.panel_parts import Paragraph, muted, row
from ctstudio.ui.report_list_link import ReportListLink

_ABOUT = (
    "A chest for every row of a CSV file. Its heading names the columns findings, impression, seed and name; a row "
    "needs findings or an impression. Model and other settings are those of the Generate page."
)
_MOST_NAMED = 4


class ReportListSheet(QDialog):
    """One sheet for the window's whole life; closing it stops nothing."""

    def __init__(self, link: ReportListLink, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Generate from a list of reports")
        self.resize(720, 420)
        self._link = link
        self.table, self.out = _line("CSV file with a heading"), _line("Each chest gets a folder in it")
        self.leave_out = QCheckBox("Leave out rows that cannot be used")
        self.summary = Paragraph()
        self.mind = Paragraph()
        self.mind.setStyleSheet(f"color: {theme.AMBER};")
        self.progress = QProgressBar()
        self.progress.setTextVisible(False)
        self.folder_button = _button("Open folder", self._open_folder)
        self.stop_button = _button("Cancel", link.stop)
        self.stop_button.setToolTip("Stop within one step; the chests that are done stay")
        self.start_button = _button("Start", link.start, "primary")
        self._lay_out()
        self.table.textChanged.connect(self._want)
        self.out.textChanged.connect(self._want)
        self.leave_out.toggled.connect(self._want)
        link.changed.connect(self.show_state)
        self.show_state()

    def show_state(self) -> None:
        """Show what the table comes to, or how far it is."""
        link, found = self._link, self._link.found
        for widget in (self.table, self.out, self.leave_out):
            widget.setEnabled(not link.running)
        self.start_button.setVisible(not link.running)
        self.start_button.setEnabled(found is not None and bool(found.missing))
        self.start_button.setText("Go on" if found is not None and found.done else "Start")
        self.stop_button.setVisible(link.running)
        self.progress.setVisible(found is not None and bool(found.done or link.running))
        self.folder_button.setVisible(found is not None and bool(found.done))
        if found is not None:
            self.progress.setRange(0, len(found.asked))
            self.progress.setValue(len(found.done))
            self._say(_amount(found) + _left(link), theme.TEXT)
        elif link.trouble is not None:
            self._say(f"{link.trouble.message} {link.trouble.remedy}".strip(), theme.RED)
        else:
            self._say("Looking at the table …", theme.MUTED)
        mind = () if found is None else (*found.notes, *(f"Left out: {one}" for one in found.bad[:_MOST_NAMED]))
        more = 0 if found is None else len(found.bad) - _MOST_NAMED
        self.mind.setText("\n".join((*mind, *([f"And {more} more rows."] if more > 0 else []))))
        self.mind.setVisible(bool(mind))

    def _want(self, *_: object) -> None:
        self._link.want(Wanted(self.table.text(), self.out.text(), self.leave_out.isChecked()))

    def _say(self, text: str, colour: str) -> None:
        self.summary.setText(text)
        self.summary.setStyleSheet(f"color: {colour};")

    def _open_folder(self) -> None:
        if self._link.found is not None:
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(self._link.found.folder)))

    def _lay_out(self) -> None:
        form = QFormLayout()
        form.setContentsMargins(0, 0, 0, 0)
        form.setHorizontalSpacing(14)
        form.setVerticalSpacing(8)
        form.addRow("Reports", self._chosen(self.table, "Table of reports", folder=False))
        form.addRow("", self.leave_out)
        form.addRow("Into", self._chosen(self.out, "Folder for the chests", folder=True))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(20, 18, 20, 18)
        layout.setSpacing(12)
        layout.addWidget(muted(_ABOUT))
        layout.addLayout(form)
        layout.addWidget(self.summary)
        layout.addWidget(self.mind)
        layout.addStretch(1)
        layout.addWidget(self.progress)
        layout.addLayout(row(None, self.folder_button, self.stop_button, self.start_button))

    def _chosen(self, line: QLineEdit, title: str, folder: bool) -> QWidget:
        button = _button("Choose …", partial(self._choose, line, title, folder))
        button.setAccessibleName(f"Choose: {title}")
        box = QWidget()
        across = row(line, button)
        across.setStretch(0, 1)
        box.setLayout(across)
        return box

    def _choose(self, line: QLineEdit, title: str, folder: bool) -> None:
        dialog = QFileDialog(self, title)
        dialog.setFileMode(QFileDialog.FileMode.Directory if folder else QFileDialog.FileMode.ExistingFile)
        if not folder:
            dialog.setNameFilter("Tables (*.csv *.tsv *.txt)")
        dialog.fileSelected.connect(lambda name: line.setText(str(Path(name))))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()


def _amount(found: ReportList) -> str:
    done = f", {len(found.done)} of them made already" if found.done else ""
    return f"{len(found.asked)} {'chest' if len(found.asked) == 1 else 'chests'}{done}."


def _left(link: ReportListLink) -> str:
    if not link.running:
        return ""
    left = link.seconds_left
    return " How long it takes is known after the first." if left is None else f" About {duration(left)} left."


def _line(hint: str) -> QLineEdit:
    line = QLineEdit()
    line.setPlaceholderText(hint)
    line.setAccessibleName(hint)
    return line


def _button(text: str, run: object, name: str = "") -> QPushButton:
    button = QPushButton(text)
    button.setObjectName(name)
    button.setAutoDefault(False)
    button.clicked.connect(lambda _=False: run())  # type: ignore[operator]
    return button
