"""The sheet "Generate a data set": what to make, how much that is, and how the making goes."""

from __future__ import annotations

from PySide6.QtCore import Qt, QTimer, QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QDialog, QFrame, QLabel, QProgressBar, QPushButton, QScrollArea, QVBoxLayout, QWidget

from ctstudio.jobs.training_status import RunStatus
from ctstudio.ui import theme
from ctstudio.ui.batch_fields import BatchFields
from ctstudio.ui.batch_link import BatchLink
from ctstudio.ui.batch_words import amounts_line, labels_line, mind_lines, room_line, state_line, time_line
from ctstudio.ui.notices_line import ShortLabel
from ctstudio.ui.panel_parts import muted, row

_TELL_MS = 150
_STEPS = 1000
_ABOUT = (
    "Every mask at every dose with every seed, as a data set for segmentation training. All images are synthetic, and "
    "say so. It is made by a process of its own: paint on meanwhile, or close the window."
)


class BatchSheet(QDialog):
    """One sheet for the window's whole life; closing it stops nothing."""

    def __init__(self, link: BatchLink, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Generate a data set")
        self.resize(820, 690)
        self._link = link
        self.fields = BatchFields(link.form)
        self.summary = QLabel()
        self.summary.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.mind = QLabel()
        self.looking = QProgressBar()
        self.start_button = _button("Start", self._link.begin, "primary")
        self.state = ShortLabel()
        self.trouble = QLabel()
        self.progress = QProgressBar()
        self.progress.setRange(0, _STEPS)
        self.stop_button = _button("Cancel", link.stop)
        self.stop_button.setToolTip("Stop after the present step; what is done stays")
        self.go_on_button = _button("Go on", link.go_on)
        self.folder_button = _button("Open folder", self._open_folder)
        self.forget_button = _button("Take off the list", link.forget)
        self.running = QFrame()
        self._lay_out()
        self._timer = QTimer(self)
        self._timer.setInterval(_TELL_MS)
        self._timer.timeout.connect(self._show_looking)
        link.check_changed.connect(self._show_check)
        link.batches.changed.connect(self._show_batch)
        self._show_check()
        self._show_batch()

    def _show_check(self) -> None:
        """Show what the form comes to."""
        link, check = self._link, self._link.check
        busy = link.batches.at_work is not None
        ready = check is not None and check.counts.slices > 0
        self.start_button.setEnabled(ready and not link.starting and not busy)
        self.start_button.setText("Go on" if check is not None and check.begun else "Start")
        self.looking.setVisible(link.checking)
        self._timer.start() if link.checking else self._timer.stop()
        if check is not None:
            lines = [amounts_line(check), time_line(check, link.seconds), room_line(check)]
            lines += [labels_line(check)] if check.settings.layout == "nnunet" else []
            self._say("\n".join(lines), theme.TEXT)
            self.mind.setText("\n".join(f"Mind: {line}" for line in mind_lines(check)))
        elif link.trouble is not None:
            self._say(f"{link.trouble.message} {link.trouble.remedy}".strip(), theme.RED)
        else:
            self._show_looking()
        self.mind.setVisible(check is not None and bool(self.mind.text()))

    def _show_looking(self) -> None:
        """How far the masks have been looked at."""
        now = self._link.looking
        self.looking.setRange(0, now.total)
        self.looking.setValue(now.done)
        if self._link.check is None and self._link.trouble is None:
            self._say(f"{now.what} ({now.done} of {now.total})" if now.total else "Looking at the masks …", theme.MUTED)

    def _show_batch(self) -> None:
        """Show the batch at work, or the last one."""
        status = self._link.batches.shown
        self.running.setVisible(status is not None)
        if status is not None:
            self._show_status(status)
        self._show_check()

    def _show_status(self, status: RunStatus) -> None:
        info, over = status.info, status.over
        self.state.show_text(state_line(status))
        self.progress.setValue(round(status.progress * _STEPS))
        self.trouble.setText(f"{info.message} {info.remedy}".strip() if info.state == "failed" else "")
        self.trouble.setVisible(bool(self.trouble.text()))
        self.stop_button.setVisible(not over)
        self.go_on_button.setVisible(over and info.state != "finished" and bool(info.settings))
        self.go_on_button.setEnabled(not self._link.starting)
        self.forget_button.setVisible(over)

    def _open_folder(self) -> None:
        status = self._link.batches.shown
        if status is not None:
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(status.folder.parent)))

    def _say(self, text: str, colour: str) -> None:
        self.summary.setText(text)
        self.summary.setStyleSheet(f"color: {colour};")

    def _lay_out(self) -> None:
        self.running.setObjectName("card")
        for bar in (self.looking, self.progress):
            bar.setTextVisible(False)
        for label, colour in ((self.summary, theme.TEXT), (self.mind, theme.AMBER), (self.trouble, theme.RED)):
            label.setWordWrap(True)
            label.setStyleSheet(f"color: {colour};")
        inside = QVBoxLayout(self.running)
        inside.setContentsMargins(14, 12, 14, 12)
        inside.setSpacing(8)
        inside.addWidget(self.state)
        inside.addWidget(self.progress)
        inside.addWidget(self.trouble)
        buttons = (self.folder_button, self.forget_button, self.go_on_button, self.stop_button)
        inside.addLayout(row(None, *buttons))
        found = QWidget()
        told = QVBoxLayout(found)
        told.setContentsMargins(0, 0, 0, 0)
        told.setSpacing(8)
        told.addWidget(self.summary)
        told.addWidget(self.mind)
        told.addStretch(1)
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setWidget(found)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(20, 18, 20, 18)
        layout.setSpacing(12)
        layout.addWidget(muted(_ABOUT))
        layout.addWidget(self.fields)
        layout.addWidget(self.looking)
        layout.addWidget(area, 1)
        layout.addLayout(row(None, self.start_button))
        layout.addWidget(self.running)


def _button(text: str, run: object, name: str = "") -> QPushButton:
    button = QPushButton(text)
    button.setObjectName(name)
    button.setAutoDefault(False)
    button.clicked.connect(lambda _=False: run())  # type: ignore[operator]
    return button
