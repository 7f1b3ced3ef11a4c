"""Samples of the running average in slice views, scrubbed over time.

What the shown runs made of one fixed sample stands side by side; as many fixed samples as there is room for in a row.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QGridLayout, QLabel, QScrollArea, QSlider, QVBoxLayout, QWidget

from ctstudio.core.volume import Volume
from ctstudio.core.windows import Window
from ctstudio.protocol.training_run import SampleLine
from ctstudio.session.training import Training
from ctstudio.session.training_samples import Moment
from ctstudio.session.viewing import Framing, Viewing
from ctstudio.ui.looking_hands import LookingHands
from ctstudio.ui.notices_line import ShortLabel
from ctstudio.ui.panel_parts import row
from ctstudio.ui.planes import AXIAL
from ctstudio.ui.slice_view import SliceView
from ctstudio.ui.train_link import TrainLink
from ctstudio.ui.train_words import colours_of

_LEAST, _GAP = 165, 6


@dataclass(frozen=True)
class Cell:
    """One view: a run, the number of a fixed sample, and what is written over it."""

    folder: Path
    number: int
    title: str
    colour: str


class SampleCell(QWidget):
    """A view with a line over it."""

    def __init__(self, hands: LookingHands) -> None:
        super().__init__()
        self.title = ShortLabel()
        self.title.setObjectName("small")
        self.view = SliceView(AXIAL, hands, paintable=False)
        self.view.title = ""  # the line over it says more
        self.view.setMinimumSize(_LEAST, _LEAST)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(3)
        layout.addWidget(self.title)
        layout.addWidget(self.view, 1)


class TrainSamples(QWidget):
    """Follows a `Training`; asks its link for samples that were not read yet."""

    def __init__(self, link: TrainLink, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._link = link
        self._training: Training = link.training
        self._unit = "HU"
        self.viewing = Viewing((1, 1, 1))
        self.hands = LookingHands(self.viewing)
        self.cells: list[SampleCell] = []
        self._layout_of: tuple[Cell, ...] = ()
        self._columns = 1
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setAccessibleName("When the samples were drawn")
        self.slider.setToolTip("Earlier and later samples (Ctrl+Shift+Left, Ctrl+Shift+Right)")
        self.slider.valueChanged.connect(self._training.look_at_moment)
        self.reading = QLabel()
        self.reading.setObjectName("value")
        self.window_words = QLabel()
        self.window_words.setObjectName("small")
        self.window_words.setToolTip("Level and width: drag with the left button, or F2 to F7")
        self.hint = QLabel("No sample yet: the run draws its fixed samples every so many steps.")
        self.hint.setObjectName("muted")
        self.hint.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._grid_box = QWidget()
        self._grid = QGridLayout(self._grid_box)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setSpacing(_GAP)
        self.area = QScrollArea()
        self.area.setWidgetResizable(True)
        self.area.setWidget(self._grid_box)
        title = QLabel("Samples of the running average")
        title.setObjectName("small")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 4, 0, 0)
        layout.setSpacing(6)
        head = row(title, self.slider, self.reading, self.window_words, spacing=14)
        head.setStretch(1, 1)
        layout.addLayout(head)
        layout.addWidget(self.hint, 1)
        layout.addWidget(self.area, 1)
        self._training.samples_changed.connect(self.refresh)
        self._bind()
        self._show_window(self.viewing.window)
        self.refresh()

    def refresh(self) -> None:
        """Show the moment looked at."""
        moments, moment = self._training.moments, self._training.moment
        self.slider.blockSignals(True)
        self.slider.setRange(0, max(0, len(moments) - 1))
        self.slider.setValue(moments.index(moment) if moment is not None else 0)
        self.slider.blockSignals(False)
        self.slider.setEnabled(len(moments) > 1)
        self.hint.setVisible(moment is None)
        self.area.setVisible(moment is not None)
        self.reading.setText("" if moment is None else _words(moment, moments))
        self._lay_out(self._wanted())
        if moment is not None:
            for cell, shown in zip(self._layout_of, self.cells, strict=False):
                self._show(cell, shown, moment)

    def _show(self, cell: Cell, shown: SampleCell, moment: Moment) -> None:
        line = self._training.timeline(cell.folder).at(moment, cell.number)
        if line is None:
            self._put(shown, None, "Not drawn yet")
            return
        volume = self._training.samples.get(cell.folder, line)
        if volume is not None:
            self._put(shown, volume, "")
        elif self._training.samples.has(cell.folder, line):
            self._put(shown, None, "This sample cannot be read.")
        else:
            self._ask(cell.folder, line)

    def _ask(self, folder: Path, line: SampleLine) -> None:
        self._link.load(folder, line)

    def _put(self, shown: SampleCell, volume: Volume | None, hint: str) -> None:
        view = shown.view
        view.hint = hint
        if volume is not view.volume:
            if volume is not None:
                self._fit_viewing(volume)
            view.show_volume(volume, None, synthetic=volume is not None)
            view.show_slice(min(self.viewing.crosshair[0], volume.grid.shape[0] - 1) if volume is not None else 0)
            view.show_window(self.viewing.window)
        else:
            view.update()

    def _fit_viewing(self, volume: Volume) -> None:
        """Take over the shape; other units than HU get the window of their own values."""
        if self.viewing.shape != volume.grid.shape:
            self.viewing.shape = volume.grid.shape
            self.viewing.crosshair = [n / 2 for n in volume.grid.shape]
        if volume.unit != self._unit:
            self._unit = volume.unit
            low, high = np.percentile(volume.array, (0.5, 99.5))
            hu = Window(40, 400)
            wide = Window(float(low + high) / 2, max(float(high - low), 1.0))
            self.viewing.window = hu if volume.is_hu else wide

    def _wanted(self) -> tuple[Cell, ...]:
        """The views there shall be, row by row."""
        shown = self._training.shown
        colours = colours_of(shown)
        if len(shown) == 1:
            folder = shown[0].folder
            titles = self._training.timeline(folder).titles
            return tuple(Cell(folder, number, title, "") for number, title in titles.items())
        numbers: dict[int, str] = {}
        for status in shown:
            numbers = self._training.timeline(status.folder).titles | numbers
        return tuple(
            Cell(status.folder, number, title, colours.get(status.folder, ""))
            for number, title in sorted(numbers.items())
            for status in shown
        )

    def _lay_out(self, wanted: tuple[Cell, ...]) -> None:
        if wanted == self._layout_of and self._columns == self._columns_now():
            return
        self._layout_of = wanted
        self._columns = self._columns_now()
        while len(self.cells) < len(wanted):
            self.cells.append(SampleCell(self.hands))
            self.cells[-1].view.framed.connect(self._framed)
            self.cells[-1].view.doubled.connect(self.viewing.reset)
        for old in self.cells:
            self._grid.removeWidget(old)
            old.hide()
        for place, (cell, shown) in enumerate(zip(wanted, self.cells, strict=False)):
            shown.title.show_text(cell.title)
            shown.title.setToolTip(cell.title)
            shown.title.setStyleSheet(f"color: {cell.colour};" if cell.colour else "")
            shown.view.setAccessibleName(f"Sample: {cell.title}")
            shown.view.show_volume(None, None)
            self._grid.addWidget(shown, place // self._columns, place % self._columns)
            shown.show()

    def _columns_now(self) -> int:
        """Views in a row: all runs of one fixed sample, of as many samples as there is room for."""
        runs = max(1, len(self._training.shown))
        return runs * max(1, (self.width() + _GAP) // (runs * (_LEAST + _GAP)))

    def resizeEvent(self, event: QResizeEvent) -> None:
        if self._columns != self._columns_now():
            self.refresh()

    def _bind(self) -> None:
        self.viewing.window_changed.connect(self._show_window)
        self.viewing.crosshair_changed.connect(lambda index: self._each(lambda view: _go(view, index[0])))
        self.viewing.framing_changed.connect(lambda _axis, framing: self._each(lambda view: view.frame(framing)))

    def _show_window(self, window: Window) -> None:
        self._each(lambda view: view.show_window(window))
        self.window_words.setText(f"L {window.level_hu:.0f}   W {window.width_hu:.0f}")

    def _framed(self, framing: Framing) -> None:
        self.viewing.frame(0, framing)

    def _each(self, act: Callable[[SliceView], object]) -> None:
        for cell in self.cells:
            act(cell.view)


def _go(view: SliceView, index: int) -> None:
    if view.volume is not None:
        view.show_slice(min(index, view.volume.grid.shape[0] - 1))


def _words(moment: Moment, moments: tuple[Moment, ...]) -> str:
    stage, step = moment
    several = len({name for name, _ in moments}) > 1
    return f"{stage}, step {step}" if several else f"step {step}"
