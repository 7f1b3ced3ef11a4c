"""What is written over a slice: orientation letters, scale bar, slice, window, reading, crosshair, badge."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPen

from ctstudio.ui import theme

BADGE = "SYNTHETIC"
_SHADOW = QColor(0, 0, 0, 230)
_BARS_MM = (1, 2, 5, 10, 20, 50, 100, 200)
_MARGIN = 10.0
_NARROW = 240.0
_CROWDED, _LINE = 300.0, 30.0


@dataclass(frozen=True)
class Marks:
    """The texts and places of one view's marks.

    Attributes:
        title: For example "Axial  45 / 102".
        window: For example "L 40  W 400".
        reading: What lies under the cursor; empty when it is elsewhere.
        letters: Orientation at left, right, top, bottom; empty strings when nothing is shown.
        crosshair: Position in widget pixels, or None.
        pixels_per_mm: Scale of the view.
        badge: What the badge says; "" draws none.
        active: Whether the view is the one that keys act on.
    """

    title: str
    window: str
    reading: str
    letters: tuple[str, str, str, str]
    crosshair: tuple[float, float] | None
    pixels_per_mm: float
    badge: str
    active: bool = False


def draw(painter: QPainter, area: QRectF, marks: Marks) -> None:
    """Draw marks over a view of `area` widget pixels."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
    if marks.crosshair is not None:
        _crosshair(painter, area, *marks.crosshair)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
    if any(marks.letters):
        _letters(painter, area, marks.letters)
        _scale_bar(painter, area, marks.pixels_per_mm)
    _corners(painter, area, marks)
    if marks.badge:
        _badge(painter, area, marks.badge)
    if marks.active:
        painter.setPen(QPen(QColor(theme.ACCENT), 1))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRect(area.adjusted(0.5, 0.5, -0.5, -0.5))


def draw_hint(painter: QPainter, area: QRectF, text: str) -> None:
    """What to do, in the middle of a view that shows nothing."""
    painter.setPen(QColor(theme.FAINT))
    painter.setFont(theme.font(13))
    centred = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
    painter.drawText(area.adjusted(24, 24, -24, -24), int(centred), text)


def draw_region(painter: QPainter, centre: QPointF, radius: float) -> None:
    """A dashed circle about a disc that is measured, in widget pixels."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    for colour, width in ((_SHADOW, 3.0), (QColor(theme.SYNTHETIC), 1.4)):
        pen = QPen(colour, width)
        pen.setDashPattern([12.0 / width, 8.0 / width])
        painter.setPen(pen)
        painter.drawEllipse(centre, radius, radius)


def _crosshair(painter: QPainter, area: QRectF, x: float, y: float) -> None:
    """Two thin lines that leave the point itself free."""
    gap = 9.0
    painter.setPen(QPen(QColor(90, 169, 230, 150), 1))
    x, y = round(x) + 0.0, round(y) + 0.0
    painter.drawLine(QPointF(area.left(), y), QPointF(x - gap, y))
    painter.drawLine(QPointF(x + gap, y), QPointF(area.right(), y))
    painter.drawLine(QPointF(x, area.top()), QPointF(x, y - gap))
    painter.drawLine(QPointF(x, y + gap), QPointF(x, area.bottom()))


def _letters(painter: QPainter, area: QRectF, letters: tuple[str, str, str, str]) -> None:
    painter.setFont(theme.font(15, QFont.Weight.Bold))
    left, right, top, bottom = letters
    align = Qt.AlignmentFlag
    inside = area.adjusted(_MARGIN, _MARGIN, -_MARGIN, -_MARGIN)
    below = inside.adjusted(0, _LINE if area.width() < _CROWDED else 0, 0, 0)  # of the title
    for text, box, where in (
        (left, inside, align.AlignLeft | align.AlignVCenter),
        (right, inside, align.AlignRight | align.AlignVCenter),
        (top, below, align.AlignHCenter | align.AlignTop),
        (bottom, inside, align.AlignHCenter | align.AlignBottom),
    ):
        _text(painter, box, where, text, "#ffd479")


def _corners(painter: QPainter, area: QRectF, marks: Marks) -> None:
    inside = area.adjusted(_MARGIN, _MARGIN - 2, -_MARGIN, -_MARGIN + 2)
    align = Qt.AlignmentFlag
    painter.setFont(theme.font(12, QFont.Weight.DemiBold))
    _text(painter, inside, align.AlignLeft | align.AlignTop, marks.title, theme.TEXT)
    painter.setFont(theme.font(12))
    if area.width() >= _NARROW:  # or it runs into the orientation letter
        _text(painter, inside, align.AlignRight | align.AlignTop, marks.window, "#c3cbd6")
    _text(painter, inside, align.AlignLeft | align.AlignBottom, marks.reading, "#c3cbd6")


def _scale_bar(painter: QPainter, area: QRectF, pixels_per_mm: float) -> None:
    """A bar of a round length, about a sixth of the view, at the lower right."""
    if pixels_per_mm <= 0:
        return
    target = max(40.0, area.width() / 6)
    length_mm = max((mm for mm in _BARS_MM if mm * pixels_per_mm <= target), default=_BARS_MM[0])
    width = length_mm * pixels_per_mm
    right, base = area.right() - _MARGIN, area.bottom() - _MARGIN - 1
    painter.setPen(QPen(_SHADOW, 4))
    painter.drawLine(QPointF(right - width, base), QPointF(right, base))
    painter.setPen(QPen(QColor("#dfe5ec"), 2))
    painter.drawLine(QPointF(right - width, base), QPointF(right, base))
    for x in (right - width, right):
        painter.drawLine(QPointF(x, base - 4), QPointF(x, base))
    painter.setFont(theme.font(11))
    name = f"{length_mm // 10} cm" if length_mm >= 10 else f"{length_mm} mm"
    place = QRectF(right - 90, base - 21, 90, 15)
    _text(painter, place, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, name, "#c3cbd6")


def _badge(painter: QPainter, area: QRectF, text: str) -> None:
    """SYNTHETIC, or what was simulated, on amber under the title: part of the picture, so screenshots keep it."""
    painter.setFont(theme.font(11, QFont.Weight.Bold))
    width = QFontMetricsF(painter.font()).horizontalAdvance(text) + 14
    box = QRectF(area.left() + _MARGIN, area.top() + _MARGIN + 20, width, 19)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(theme.SYNTHETIC))
    painter.drawRoundedRect(box, 4, 4)
    painter.setPen(QColor("#1a1206"))
    painter.drawText(box, Qt.AlignmentFlag.AlignCenter, text)


def _text(painter: QPainter, box: QRectF, where: Qt.AlignmentFlag, text: str, colour: str) -> None:
    """Text with a dark edge, readable on bone and on air."""
    if not text:
        return
    painter.setPen(_SHADOW)
    painter.drawText(box.translated(1, 1), where, text)
    painter.setPen(QColor(colour))
    painter.drawText(box, where, text)
