"""What is drawn over a slice: a map of differences as colours, the original up to a line, what changed.

Each is given a painter whose unit is the millimetre, and takes slice and window from the view; only the slice in
sight is ever worked out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QColor, QImage, QPainter, QPen

from ctstudio.core.volume import Volume
from ctstudio.ui import theme
from ctstudio.ui.diverging_colours import diverging_colours
from ctstudio.ui.planes import cut, size_mm
from ctstudio.ui.slice_item import SliceItem

if TYPE_CHECKING:
    from ctstudio.ui.slice_view import SliceView

SPAN_HU = 200.0
"""Difference that gets the full colour where a sample is compared. Source: ours."""
_FAINT, _STRONG = 0.35, 0.85
_ALL = 255


class Layer(Protocol):
    """Something drawn over a slice, under the marks."""

    def paint(self, painter: QPainter, view: SliceView) -> None: ...


class HeatLayer:
    """Differences from the expected where they reach a threshold: amber brighter, blue darker.

    Args:
        codes: (z, y, x) uint8, 128 where nothing differs, one more or less for each step.
        step_hu: HU of one step.
    """

    def __init__(self, codes: NDArray[np.uint8], step_hu: float) -> None:
        self.codes = codes
        self._step_hu = step_hu
        self._colours = np.zeros(256, np.uint32)
        self._image = np.zeros((1, 1), np.uint32)

    def show(self, threshold_hu: float, low: bool = True, high: bool = True) -> None:
        """Colour what differs by this much or more; `low` what is darker, `high` what is brighter."""
        self._colours = heat_colours(self._step_hu, threshold_hu, low, high)

    def paint(self, painter: QPainter, view: SliceView) -> None:
        volume = view.volume
        if volume is None or volume.grid.shape != self.codes.shape:
            return
        plane = cut(self.codes, view.plane, view.item.index)
        self._image = np.ascontiguousarray(self._colours[plane])
        _draw(painter, self._image, volume, view, QImage.Format.Format_ARGB32_Premultiplied)


class DifferenceLayer:
    """What is shown less what was before, in place of the slice: amber rose, blue fell.

    Args:
        before: On the grid of what is shown.
        span_hu: Difference that gets the full colour.
    """

    def __init__(self, before: Volume, span_hu: float = SPAN_HU) -> None:
        self.before = before
        self.span_hu = span_hu
        rgb = diverging_colours().astype(np.uint32)
        self._colours = np.uint32(0xFF000000) | rgb[:, 0] << 16 | rgb[:, 1] << 8 | rgb[:, 2]
        self._image = np.zeros((1, 1), np.uint32)

    def paint(self, painter: QPainter, view: SliceView) -> None:
        after = view.volume
        if after is None or after.grid.shape != self.before.grid.shape:
            return
        pair = (cut(one.array, view.plane, view.item.index) for one in (after, self.before))
        now, then = (np.asarray(plane, np.float32) for plane in pair)
        share = np.clip((now - then) / (2 * self.span_hu) + 0.5, 0.0, 1.0)
        codes = np.rint(np.nan_to_num(share, nan=0.5) * _ALL).astype(np.uint8)
        self._image = np.ascontiguousarray(self._colours[codes])
        _draw(painter, self._image, after, view, QImage.Format.Format_RGB32)


class SwipeLayer:
    """The original left of a line, what is shown right of it.

    Attributes:
        share: Where the line stands, 0 is the left edge of the view.
    """

    def __init__(self, before: Volume, view: SliceView, share: float = 0.5) -> None:
        self.share = share
        self.before = before
        self._item = SliceItem(view.plane, lambda: None)
        self._item.show_volume(before, None)

    def paint(self, painter: QPainter, view: SliceView) -> None:
        if view.volume is None or view.volume.grid.shape != self.before.grid.shape:
            return
        self._item.show_slice(view.item.index)
        self._item.show_window(view.window_hu)
        shown, at = view.shown_mm, view.shown_mm.left() + self.share * view.shown_mm.width()
        painter.save()
        painter.setClipRect(QRectF(shown.left(), shown.top(), at - shown.left(), shown.height()))
        self._item.paint(painter)
        painter.restore()
        for colour, width in ((QColor(0, 0, 0, 180), 4.0), (QColor(theme.TEXT), 1.5)):
            pen = QPen(colour, width)
            pen.setCosmetic(True)
            painter.setPen(pen)
            painter.drawLine(QPointF(at, shown.top()), QPointF(at, shown.bottom()))


def heat_colours(step_hu: float, threshold_hu: float, low: bool, high: bool) -> NDArray[np.uint32]:
    """(256,) premultiplied ARGB32 by code: clear below the threshold, then the stronger the more it differs."""
    steps = np.arange(256) - 128
    size = np.abs(steps) * step_hu
    wanted = ((steps > 0) & high) | ((steps < 0) & low)
    top = max(127 * step_hu, threshold_hu + step_hu)
    strength = np.clip((size - threshold_hu) / (top - threshold_hu), 0.0, 1.0)
    alpha = np.where(wanted & (size >= threshold_hu), _FAINT + (_STRONG - _FAINT) * strength, 0.0)
    place = np.where(steps > 0, 0.72 + 0.28 * strength, 0.28 - 0.28 * strength)
    rgb = diverging_colours()[np.rint(place * _ALL).astype(np.uint8)] * alpha[:, None]
    red, green, blue = (np.rint(rgb[:, channel]).astype(np.uint32) for channel in range(3))
    cover = np.rint(alpha * _ALL).astype(np.uint32)
    return np.asarray(cover << 24 | red << 16 | green << 8 | blue, np.uint32)


def _draw(painter: QPainter, pixels: NDArray[Any], volume: Volume, view: SliceView, form: QImage.Format) -> None:
    rows, columns = pixels.shape
    image = QImage(pixels.data, columns, rows, columns * 4, form)
    painter.drawImage(QRectF(0, 0, *size_mm(volume.grid, view.plane)), image)
