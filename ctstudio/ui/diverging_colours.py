"""Colours of a difference: dark where nothing changed, blue where it fell, amber where it rose; for every eye."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QLinearGradient, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from ctstudio.ui import theme
from ctstudio.ui.fused_colours import OPAQUE, Table

_STOPS = (
    (0.0, (150, 210, 255)),
    (0.2, (38, 122, 214)),
    (0.5, (14, 16, 20)),
    (0.8, (214, 112, 20)),
    (1.0, (255, 222, 150)),
)
"""Brighter towards both ends, so that grey shades alone tell the size. Source: ours."""


def diverging_colours() -> NDArray[np.uint8]:
    """(256, 3) RGB from the deepest fall to the highest rise."""
    at = np.linspace(0, 1, 256)
    places = [place for place, _ in _STOPS]
    parts = [np.interp(at, places, [colour[channel] for _, colour in _STOPS]) for channel in range(3)]
    return np.rint(np.stack(parts, axis=1)).astype(np.uint8)


def diverging_table() -> Table:
    """(65536,) RGB32 colours by code, for slices of a difference; labels change nothing."""
    rgb = diverging_colours().astype(np.uint32)
    row = OPAQUE | rgb[:, 0] << np.uint32(16) | rgb[:, 1] << np.uint32(8) | rgb[:, 2]
    return np.tile(row, 256)


class DifferenceLegend(QWidget):
    """The bar of colours with its ends in HU."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._span_hu = 100.0
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("Colours of the difference")

    def show_span(self, span_hu: float) -> None:
        """Say which difference gets the full colour, HU."""
        self._span_hu = span_hu
        self.setToolTip(f"B minus A: blue fell, amber rose; full colour at {span_hu:.0f} HU and beyond")
        self.update()

    def sizeHint(self) -> QSize:
        """Room for the bar and its numbers."""
        return QSize(124, 34)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        bar = QRectF(1, 3, self.width() - 2, 10)
        shades = QLinearGradient(bar.topLeft(), bar.topRight())
        for place, colour in _STOPS:
            shades.setColorAt(place, QColor(*colour))
        painter.setPen(QColor(theme.LINE))
        painter.setBrush(shades)
        painter.drawRect(bar)
        painter.setPen(QColor(theme.MUTED))
        painter.setFont(theme.font(theme.SMALL))
        under = QRectF(0, 15, self.width(), 17)
        ends = Qt.AlignmentFlag.AlignLeft, Qt.AlignmentFlag.AlignHCenter, Qt.AlignmentFlag.AlignRight
        for text, where in zip((f"−{self._span_hu:.0f}", "0", f"+{self._span_hu:.0f} HU"), ends, strict=True):
            painter.drawText(under, where | Qt.AlignmentFlag.AlignTop, text)
