"""Live plots of training runs. Imported, with pyqtgraph, when the Train page is first shown."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QComboBox, QFrame, QGridLayout, QLabel, QSizePolicy, QVBoxLayout, QWidget

from ctstudio.session.training_curves import Numbers, RunCurves, smoothed, thinned
from ctstudio.ui import theme
from ctstudio.ui.log_ticks import log_ticks
from ctstudio.ui.panel_parts import row

_FAINT = 0.35
_FEW, _SMOOTH_POINTS = 50, 400
_AXIS_WIDTH, _AXIS_HEIGHT = 50, 20


@dataclass(frozen=True)
class Drawn:
    """A run in the plots: its name, colour and curves."""

    title: str
    colour: str
    curves: RunCurves


class Plot(QFrame):
    """A title with the newest value, and curves under it.

    Args:
        title: What is plotted.
        reading: Puts a value in words.
        log: Whether the value's axis is logarithmic.
        smooth: Whether curves are drawn smoothed over their faint selves.
    """

    def __init__(self, title: str, reading: Callable[[float], str], log: bool = False, smooth: bool = False) -> None:
        super().__init__()
        self.setObjectName("card")
        self._reading, self._log, self._smooth = reading, log, smooth
        self.value = QLabel()
        self.value.setObjectName("value")
        self.extra = QComboBox()
        self.extra.setVisible(False)
        self.extra.setStyleSheet("QComboBox { padding: 0 6px; min-height: 18px; max-height: 18px; }")
        self.extra.setAccessibleName(f"{title}: which")
        self.plot: Any = pg.PlotWidget(background=theme.RAISED)
        self.plot.setMenuEnabled(False)
        self.plot.setLogMode(y=log)
        self.plot.setAccessibleName(title)
        self.plot.setMinimumSize(90, 60)
        self.plot.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self._style()
        self.name = QLabel(title)
        self.name.setObjectName("small")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(10, 6, 8, 4)
        layout.setSpacing(2)
        layout.addLayout(row(self.name, self.extra, None, self.value))
        layout.addWidget(self.plot, 1)
        self._items: list[Any] = []
        self._used = 0
        self._last = ""

    def begin(self) -> None:
        """Start to draw anew; nothing is painted until `end`."""
        self.plot.setUpdatesEnabled(False)
        self._used = 0
        self._last = ""

    def end(self) -> None:
        """Take away what was not drawn again, and paint once."""
        for item in self._items[self._used :]:
            if item.xData is not None and len(item.xData):
                item.setData([], [])
        self.value.setText(self._last)
        self.plot.getViewBox().updateAutoRange()  # or it is found out while painting, and all is painted again
        self.plot.setUpdatesEnabled(True)

    def add(self, steps: Numbers, values: Numbers, colour: str, marks: bool = False) -> None:
        """Draw one more curve; values that a logarithmic axis cannot show are left out."""
        if not len(steps):
            return
        usable = np.isfinite(values) & ((values > 0) | (not self._log))
        steps, values = steps[usable], values[usable]
        if not len(steps):
            return
        if self._smooth and len(steps) > _FEW:
            self._draw(*thinned(steps, values, max(200, self.plot.width())), _faint(colour), fine=False)
            values = smoothed(values, self._log)
        self._draw(*thinned(steps, values, _SMOOTH_POINTS), QColor(colour), marks=marks)
        self._last = self._reading(float(values[-1]))

    def _draw(self, x: Numbers, y: Numbers, tint: QColor, fine: bool = True, marks: bool = False) -> None:
        """Draw a line; a jagged one is not `fine`: thin, opaque and without smooth edges, or it takes a second."""
        if self._used == len(self._items):
            item = pg.PlotDataItem()
            self.plot.addItem(item)
            self._items.append(item)
        item = self._items[self._used]
        item.opts["antialias"] = fine
        item.setPen(pg.mkPen(tint, width=1.6 if fine else 1))
        item.setSymbol("o" if marks else None)
        if marks:
            item.setSymbolSize(5)
            item.setSymbolBrush(tint)
            item.setSymbolPen(None)
        item.setData(x, y)
        self._used += 1

    def _style(self) -> None:
        plot = self.plot.getPlotItem()
        plot.showGrid(x=True, y=True, alpha=0.12)
        for side in ("left", "bottom"):
            axis = plot.getAxis(side)
            axis.setPen(pg.mkPen(theme.LINE))
            axis.setTextPen(pg.mkPen(theme.MUTED))
            axis.setStyle(tickFont=theme.font(10), tickLength=-4, autoExpandTextSpace=False)
            axis.enableAutoSIPrefix(False)
        plot.getAxis("left").setWidth(_AXIS_WIDTH)  # fixed, or every change of it lays out and paints all again
        plot.getAxis("bottom").setHeight(_AXIS_HEIGHT)
        plot.getAxis("bottom").setStyle(textFillLimits=[(0, 0.5)])  # or numbers run together in the small plots
        plot.getViewBox().setDefaultPadding(0.04)
        if self._log:
            plot.getViewBox().sigYRangeChanged.connect(self._tick)

    def _tick(self, _view: object, span: tuple[float, float]) -> None:
        """Round values on the logarithmic axis."""
        self.plot.getPlotItem().getAxis("left").setTicks([log_ticks(*span, at_most=max(3, self.plot.height() // 28))])


def _faint(colour: str) -> QColor:
    """A colour mixed into the ground: drawn five times as fast as a translucent one."""
    front, ground = QColor(colour), QColor(theme.RAISED)
    pairs = zip(front.getRgb()[:3], ground.getRgb()[:3], strict=True)  # type: ignore[index]
    return QColor(*(round(_FAINT * a + (1 - _FAINT) * b) for a, b in pairs))


class TrainPlots(QWidget):
    """Loss and validation large; learning rate, gradient norm, throughput and memory small."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.loss = Plot("Loss", lambda v: f"{v:.3g}", log=True, smooth=True)
        self.validation = Plot("Validation", lambda v: f"{v:.4g}")
        self.rate = Plot("Learning rate", lambda v: f"{v:.2g}")
        self.norm = Plot("Gradient norm", lambda v: f"{v:.3g}", log=True, smooth=True)
        self.speed = Plot("Samples / s", lambda v: f"{v:.3g}", smooth=True)
        self.memory = Plot("Memory, GB", lambda v: f"{v:.3g}", smooth=True)
        self.stage = self.loss.extra
        self.figure = self.validation.extra
        self._runs: tuple[Drawn, ...] = ()
        self._wanted_figure = ""
        self._wanted_stage = ""
        for box, tip in ((self.stage, "Stage that is plotted"), (self.figure, "Figure that is plotted")):
            box.setToolTip(tip)
            box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
            box.setMaximumWidth(170)
        self.stage.textActivated.connect(self._choose_stage)
        self.figure.textActivated.connect(self._choose_figure)
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setSpacing(6)
        grid.addWidget(self.loss, 0, 0, 1, 2)
        grid.addWidget(self.validation, 0, 2, 1, 2)
        for column, plot in enumerate((self.rate, self.norm, self.speed, self.memory)):
            grid.addWidget(plot, 1, column)
            grid.setColumnStretch(column, 1)
        grid.setRowStretch(0, 3)
        grid.setRowStretch(1, 2)

    @property
    def plots(self) -> tuple[Plot, ...]:
        """All plots."""
        return self.loss, self.validation, self.rate, self.norm, self.speed, self.memory

    def show_runs(self, runs: tuple[Drawn, ...]) -> None:
        """Draw these runs; the last one's newest values are written out."""
        self._runs = runs
        stages = list(dict.fromkeys(stage for run in runs for stage in run.curves.stage_names))
        latest = runs[-1].curves.stage_names[-1:] if runs else ()
        stage = _fill(self.stage, stages, self._wanted_stage, latest[0] if latest else "")
        figures = list(dict.fromkeys(name for run in runs for name in run.curves.figure_names(stage)))
        figure = _fill(self.figure, figures, self._wanted_figure, figures[0] if figures else "")
        self.validation.name.setText(f"Validation: {figure}" if len(figures) == 1 else "Validation")
        for plot in self.plots:
            plot.begin()
        for run in runs:
            self._draw(run, stage, figure)
        for plot in self.plots:
            plot.end()

    def _draw(self, run: Drawn, stage: str, figure: str) -> None:
        self.validation.add(*run.curves.figure(stage, figure), run.colour, marks=True)
        curve = run.curves.stages.get(stage)
        if curve is None:
            return
        for plot, name, scale in (
            (self.loss, "loss", 1.0),
            (self.rate, "learning_rate", 1.0),
            (self.norm, "gradient_norm", 1.0),
            (self.speed, "samples_per_s", 1.0),
            (self.memory, "memory_bytes", 1e-9),
        ):
            plot.add(curve.steps, curve.column(name) * scale, run.colour)

    def _choose_stage(self, stage: str) -> None:
        self._wanted_stage = stage
        self.show_runs(self._runs)

    def _choose_figure(self, figure: str) -> None:
        self._wanted_figure = figure
        self.show_runs(self._runs)


def _fill(box: QComboBox, names: list[str], wanted: str, otherwise: str) -> str:
    """Offer names in a box, in sight when there is a choice; the one that is taken."""
    taken = wanted if wanted in names else otherwise
    if [box.itemText(place) for place in range(box.count())] != names:
        box.clear()
        box.addItems(names)
    box.setCurrentIndex(box.findText(taken, Qt.MatchFlag.MatchExactly))
    box.setVisible(len(names) > 1)
    return taken
