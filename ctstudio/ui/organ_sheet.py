"""The sheet "Organs of this scan": whether TotalSegmentator is here, what it needs, and how far it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QApplication,
    QButtonGroup,
    QCheckBox,
    QDialog,
    QLineEdit,
    QProgressBar,
    QPushButton,
    QRadioButton,
    QVBoxLayout,
    QWidget,
)

from ctstudio.jobs.total_segmentator import INSTALL, weights_mb
from ctstudio.ui import theme
from ctstudio.ui.panel_parts import Paragraph, add_all, muted, row

if TYPE_CHECKING:
    from ctstudio.ui.organ_link import OrganLink

_ABOUT = (
    "TotalSegmentator names up to 117 organs, bones and vessels of a CT. It is another project's program, an optional "
    "extra with weights of its own, and runs on this computer alone: nothing of the scan leaves it."
)
_MISSING = "TotalSegmentator is not installed. Install it into the environment of CT Studio, then look again:"
_FULL_STEPS = 1000


class OrganSheet(QDialog):
    """One sheet for the window's whole life; closing it stops nothing."""

    def __init__(self, link: OrganLink, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Organs of this scan")
        self.setMinimumWidth(560)
        self._link = link
        self.state = Paragraph()
        self.command = QLineEdit(INSTALL)
        self.command.setReadOnly(True)
        self.command.setAccessibleName("Command that installs TotalSegmentator")
        self.copy, self.again = QPushButton("Copy"), QPushButton("Look again")
        self.fast = QRadioButton("Fast: one network at 3 mm; good enough for MedDiff-FM's models")
        self.full = QRadioButton("Full: five networks at 1.5 mm; many minutes without a GPU")
        self.sizes = QButtonGroup(self)
        self.load = QCheckBox()
        self.progress = QProgressBar()
        self.start, self.cancel, self.shut = QPushButton("Find the organs"), QPushButton("Cancel"), QPushButton("Close")
        self._prepare()
        self._lay_out()
        self.show_state()

    def show_state(self) -> None:
        """Show what is there, or how far it is."""
        link = self._link
        there, running = link.found is not None, link.running
        text, colour = self._words()
        self.state.setText(text)
        self.state.setStyleSheet(f"color: {colour};")
        for widget in (self.command, self.copy, self.again):
            widget.setVisible(link.looked and not there)
        for choice in (self.fast, self.full):
            choice.setVisible(there)
            choice.setEnabled(not running)
        needed = link.found is not None and not link.found.has_weights(self.fast.isChecked())
        self.load.setText(
            f"Load its weights first (about {weights_mb(self.fast.isChecked())} MB, from TotalSegmentator's own pages)"
        )
        self.load.setVisible(needed)
        self.load.setEnabled(not running)
        self.progress.setVisible(running)
        share = link.how_far.share
        self.progress.setRange(0, 0 if share is None else _FULL_STEPS)
        self.progress.setValue(0 if share is None else round(share * _FULL_STEPS))
        self.cancel.setVisible(running)
        self.start.setVisible(there and not running)
        self.start.setEnabled(link.active is not None and (not needed or self.load.isChecked()))

    def _words(self) -> tuple[str, str]:
        link = self._link
        if link.case is not None:
            return f"{link.case.name}: {link.how_far.words}", theme.TEXT
        if link.trouble is not None:
            return f"{link.trouble.message} {link.trouble.remedy}".strip(), theme.RED
        if not link.looked:
            return "Looking for TotalSegmentator …", theme.MUTED
        if link.found is None:
            return _MISSING, theme.AMBER
        if link.active is None:
            return "Open a CT first.", theme.AMBER
        mask = "Lesions that are painted stay; undo brings the rest of the mask back."
        return f"The organs of {link.active.name} become its mask. {mask}", theme.TEXT

    def _prepare(self) -> None:
        self.fast.setChecked(True)
        for choice in (self.fast, self.full):
            self.sizes.addButton(choice)
        self.progress.setTextVisible(False)
        self.start.setObjectName("primary")
        self.start.setDefault(True)
        self.cancel.setToolTip("End it within a second; the mask stays as it was")
        self.load.setToolTip("Without a tick nothing is loaded: TotalSegmentator runs with the network switched off.")
        self.fast.toggled.connect(lambda _: self.show_state())
        self.load.toggled.connect(lambda _: self.show_state())
        self.copy.clicked.connect(lambda: QApplication.clipboard().setText(INSTALL))
        self.again.clicked.connect(self._link.look)
        self.start.clicked.connect(lambda: self._link.start(self.fast.isChecked(), self.load.isChecked()))
        self.cancel.clicked.connect(self._link.cancel)
        self.shut.clicked.connect(self.close)
        self._link.changed.connect(self.show_state)

    def _lay_out(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(20, 18, 20, 18)
        layout.setSpacing(12)
        add_all(layout, muted(_ABOUT), self.state)
        layout.addLayout(row(self.command, self.copy, self.again))
        add_all(layout, self.fast, self.full, self.load, self.progress)
        layout.addStretch(1)
        layout.addLayout(row(None, self.shut, self.cancel, self.start))
        self.setWindowFlag(Qt.WindowType.WindowContextHelpButtonHint, False)
