"""The brush's outline under the pointer: a circle of the brush's radius in millimetres."""

from __future__ import annotations

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QColor, QPainter, QPen


def draw(painter: QPainter, x: float, y: float, radius_pixels: float, colour: QColor, erasing: bool) -> None:
    """Draw the outline around a point in widget pixels; dashed while it erases."""
    radius = max(radius_pixels, 1.5)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(QPen(QColor(0, 0, 0, 170), 3))
    painter.drawEllipse(QPointF(x, y), radius, radius)
    pen = QPen(QColor("#ffffff") if erasing else colour, 1.4)
    if erasing:
        pen.setStyle(Qt.PenStyle.DashLine)
    painter.setPen(pen)
    painter.drawEllipse(QPointF(x, y), radius, radius)
