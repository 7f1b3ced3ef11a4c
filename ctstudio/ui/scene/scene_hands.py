"""What mouse and keys do in the 3D view; keys and drags as in 3D Slicer, with the sides on their letters."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QKeyEvent, QMouseEvent, QWheelEvent

from ctstudio.ui.scene import cube
from ctstudio.ui.scene.camera import VIEWS

if TYPE_CHECKING:
    from ctstudio.ui.scene.scene_view import SceneView

_STEP_DEGREES = 10.0
_ZOOM_STEP = 1.15
_HALF_TURN = 200.0
_CTRL, _SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier
_PAD = Qt.KeyboardModifier.KeypadModifier
_LETTERS = {Qt.Key[f"Key_{letter}"]: letter for letter in VIEWS}
_SLICER = {
    Qt.Key.Key_End: ("A", "P"),
    Qt.Key.Key_1: ("A", "P"),
    Qt.Key.Key_PageDown: ("L", "R"),
    Qt.Key.Key_3: ("L", "R"),
    Qt.Key.Key_Home: ("S", "I"),
    Qt.Key.Key_7: ("S", "I"),
}
"""Slicer's keys of the sides; with Shift the opposite one. Digits count on the keypad only."""
_TURNS = {
    Qt.Key.Key_Left: (-1, 0),
    Qt.Key.Key_Right: (1, 0),
    Qt.Key.Key_Up: (0, 1),
    Qt.Key.Key_Down: (0, -1),
}
_ZOOMS = {Qt.Key.Key_Plus: _ZOOM_STEP, Qt.Key.Key_Minus: 1 / _ZOOM_STEP}
_FITS = (Qt.Key.Key_F, Qt.Key.Key_Equal)


class SceneHands:
    """Turns a view's pose by hand."""

    def __init__(self, view: SceneView) -> None:
        self._view = view
        self._button = Qt.MouseButton.NoButton
        self._at = QPointF()

    def press(self, event: QMouseEvent) -> None:
        """Begin a drag, or take a side of the cube."""
        if self._button != Qt.MouseButton.NoButton:
            return
        side = cube.side_at(event.position(), QRectF(self._view.rect()), self._view.pose)
        if side and event.button() == Qt.MouseButton.LeftButton:
            self._view.look_from(side)
            return
        self._button, self._at = event.button(), event.position()

    def move(self, event: QMouseEvent) -> None:
        """Left turns, with Ctrl rolls, with Shift moves; middle moves; right zooms."""
        moved, self._at = event.position() - self._at, event.position()
        view, keys = self._view, event.modifiers()
        if self._button == Qt.MouseButton.RightButton:
            view.look(view.pose.zoomed(1.01 ** -moved.y()))
        elif self._button == Qt.MouseButton.MiddleButton or (
            self._button == Qt.MouseButton.LeftButton and keys & _SHIFT
        ):
            scale = view.pose.height_mm / max(view.height(), 1)
            view.look(view.pose.moved(moved.x() * scale, -moved.y() * scale))
        elif self._button == Qt.MouseButton.LeftButton and keys & _CTRL:
            view.look(view.pose.rolled(moved.x() * 0.5))
        elif self._button == Qt.MouseButton.LeftButton:
            share = _HALF_TURN / max(min(view.width(), view.height()), 1)
            view.look(view.pose.turned(moved.x() * share, -moved.y() * share))

    def release(self, event: QMouseEvent) -> None:
        """End it."""
        if event.button() == self._button:
            self._button = Qt.MouseButton.NoButton

    def wheel(self, event: QWheelEvent) -> None:
        """Zoom."""
        delta = event.angleDelta().y() or event.angleDelta().x()
        self._view.look(self._view.pose.zoomed(1.0012**delta))

    def knows(self, event: QKeyEvent) -> bool:
        """Whether a key means something here, so that the window must not take it."""
        key = Qt.Key(event.key())
        if event.modifiers() & ~(_SHIFT | _PAD):
            return False
        bare = not event.modifiers() & _SHIFT
        plain = key in _TURNS or key in _FITS or key in _LETTERS
        return key in _ZOOMS or (plain and bare) or self._side(event) != ""

    def key(self, event: QKeyEvent) -> bool:
        """Do what a key means; False hands it on."""
        if not self.knows(event):
            return False
        view, key = self._view, Qt.Key(event.key())
        side = self._side(event)
        if side:
            view.look_from(side)
        elif key in _TURNS:
            right, up = _TURNS[key]
            view.look(view.pose.turned(_STEP_DEGREES * right, _STEP_DEGREES * up))
        elif key in _ZOOMS:
            view.look(view.pose.zoomed(_ZOOMS[key]))
        else:
            view.fit()
        return True

    def _side(self, event: QKeyEvent) -> str:
        key, opposite = Qt.Key(event.key()), bool(event.modifiers() & _SHIFT)
        if key in _SLICER and (event.modifiers() & _PAD or key not in (Qt.Key.Key_1, Qt.Key.Key_3, Qt.Key.Key_7)):
            return _SLICER[key][opposite]
        return _LETTERS.get(key, "") if not opposite else ""
