"""The list of training runs: name, state, progress, time left, and the colour of those in the plots."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QProgressBar,
    QVBoxLayout,
    QWidget,
)

from ctstudio.jobs.training_status import RunStatus
from ctstudio.ui import theme
from ctstudio.ui.notices_line import ShortLabel
from ctstudio.ui.panel_parts import heading, icon_button, row
from ctstudio.ui.train_words import STATE_COLOURS, short_state

_FOLDER = Qt.ItemDataRole.UserRole


class Swatch(QWidget):
    """A run's colour in the plots; empty when it is not drawn."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._colour = ""
        self.setFixedSize(QSize(12, 12))

    def show_colour(self, colour: str) -> None:
        """Show a colour; "" shows none."""
        if colour != self._colour:
            self._colour = colour
            self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QColor(self._colour or theme.FAINT))
        if self._colour:
            painter.setBrush(QColor(self._colour))
        painter.drawRoundedRect(self.rect().adjusted(1, 1, -2, -2), 3, 3)


class RunRow(QWidget):
    """One run in the list."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.swatch = Swatch()
        self.title = ShortLabel()
        self.state = QLabel()
        self.state.setObjectName("small")
        self.progress = QProgressBar()
        self.progress.setTextVisible(False)
        self.progress.setRange(0, 1000)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(8, 7, 8, 9)
        layout.setSpacing(9)
        layout.addWidget(self.swatch, 0, Qt.AlignmentFlag.AlignVCenter)
        lines = QVBoxLayout()
        lines.setSpacing(4)
        for widget in (self.title, self.state, self.progress):
            lines.addWidget(widget)
        layout.addLayout(lines, 1)

    def show_run(self, status: RunStatus, colour: str) -> None:
        """Show how a run stands."""
        self.swatch.show_colour(colour)
        if self.title.full != status.info.title:
            self.title.show_text(status.info.title)
        self.state.setText(short_state(status))
        tint = STATE_COLOURS[status.info.state]
        self.state.setStyleSheet(f"color: {tint};")
        self.progress.setStyleSheet(f"QProgressBar::chunk {{ background: {tint}; }}")
        self.progress.setValue(round(1000 * status.progress))
        info = status.info
        tip = [info.title, info.recipe, info.data, info.message, info.remedy, str(status.folder)]
        self.setToolTip("\n".join(part for part in tip if part))


class TrainRunList(QFrame):
    """All runs, the newest on top."""

    chosen = Signal(Path)
    add_asked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("panel")
        self.list = QListWidget()
        self.list.setAccessibleName("Training runs")
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setVerticalScrollMode(QListWidget.ScrollMode.ScrollPerPixel)
        self.list.currentItemChanged.connect(self._changed)
        self.hint = QLabel("No run yet.")
        self.hint.setObjectName("muted")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 12, 8, 12)
        layout.setSpacing(8)
        add = icon_button("open", "Add a training run that lies in another folder", self.add_asked.emit)
        title = heading("Training runs")
        title.setContentsMargins(8, 0, 0, 0)
        self.hint.setContentsMargins(8, 0, 0, 0)
        layout.addLayout(row(title, None, add))
        layout.addWidget(self.hint)
        layout.addWidget(self.list, 1)
        self._rows: dict[Path, RunRow] = {}

    def show_runs(self, runs: Sequence[RunStatus], colours: Mapping[Path, str], chosen: Path | None) -> None:
        """Show all runs; `colours` has those that are drawn."""
        self.hint.setVisible(not runs)
        self.list.blockSignals(True)
        if [status.folder for status in runs] != list(self._rows):
            self._fill(runs)
        for place, status in enumerate(runs):
            self._rows[status.folder].show_run(status, colours.get(status.folder, ""))
            if status.folder == chosen:
                self.list.setCurrentRow(place)
        self.list.blockSignals(False)

    def row(self, folder: Path) -> RunRow | None:
        """The row of a run."""
        return self._rows.get(folder)

    def _fill(self, runs: Sequence[RunStatus]) -> None:
        self.list.clear()
        self._rows.clear()
        for status in runs:
            item, line = QListWidgetItem(), RunRow()
            item.setData(_FOLDER, status.folder)
            item.setSizeHint(QSize(0, 66))
            self.list.addItem(item)
            self.list.setItemWidget(item, line)
            self._rows[status.folder] = line

    def _changed(self, item: QListWidgetItem | None) -> None:
        if item is not None:
            self.chosen.emit(item.data(_FOLDER))
