"""The orientation cube in the corner of the 3D view: a letter on each side, turned as the scene is turned."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QPainter, QPainterPath, QPen, QPolygonF, QTransform

from ctstudio.ui import theme
from ctstudio.ui.scene.camera import VIEWS, Pose, Vector

HALF = 17.0
"""Half an edge, widget pixels."""
_REACH = HALF * 1.75
_MARGIN = 12.0
_COLOURS = {"R": "#c9534d", "L": "#c9534d", "A": "#4a9a6d", "P": "#4a9a6d", "S": "#4b86c2", "I": "#4b86c2"}


def middle(area: QRectF) -> QPointF:
    """Where the cube's middle lies in a view."""
    return QPointF(area.right() - _MARGIN - _REACH, area.bottom() - _MARGIN - _REACH)


def draw(painter: QPainter, area: QRectF, pose: Pose) -> None:
    """Draw the cube in the lower right corner of a view."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
    for letter, facing in sorted(_facing(pose).items(), key=lambda item: item[1]):
        _side(painter, letter, facing, _place(letter, pose, middle(area)))


def side_at(point: QPointF, area: QRectF, pose: Pose) -> str:
    """The letter of the side under a point of the view; "" beside the cube."""
    for letter in _facing(pose):
        if _place(letter, pose, middle(area)).map(_SQUARE).containsPoint(point, Qt.FillRule.OddEvenFill):
            return letter
    return ""


_SQUARE = QPolygonF([QPointF(-1, -1), QPointF(1, -1), QPointF(1, 1), QPointF(-1, 1)])


def _facing(pose: Pose) -> dict[str, float]:
    """How much each side that is seen faces the camera, 0 to 1."""
    facing = {letter: float(towards @ pose.towards) for letter, (towards, _) in VIEWS.items()}
    return {letter: share for letter, share in facing.items() if share > 1e-3}


def _place(letter: str, pose: Pose, at: QPointF) -> QTransform:
    """From the side's own square, x right and y down from -1 to 1, to widget pixels."""
    towards, up = VIEWS[letter]
    across = _seen(np.cross(towards, up), pose)
    down = _seen(-up, pose)
    centre = at + _seen(-towards, pose)
    return QTransform(across.x(), across.y(), down.x(), down.y(), centre.x(), centre.y())


def _seen(direction: Vector, pose: Pose) -> QPointF:
    return QPointF(float(direction @ pose.right), -float(direction @ pose.up)) * HALF


def _side(painter: QPainter, letter: str, facing: float, place: QTransform) -> None:
    colour = QColor(_COLOURS[letter]).darker(int(100 + 70 * (1 - facing)))
    painter.setPen(QPen(QColor(theme.WINDOW), 1.2))
    painter.setBrush(colour)
    painter.drawPolygon(place.map(_SQUARE))
    path = QPainterPath()
    path.addText(0, 0, theme.font(20, QFont.Weight.Bold), letter)
    box = path.boundingRect()
    scale = 1.1 / box.height()
    upright = QTransform.fromTranslate(-box.center().x(), -box.center().y()) * QTransform.fromScale(scale, scale)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(255, 255, 255, int(90 + 160 * facing)))
    painter.drawPath((upright * place).map(path))
