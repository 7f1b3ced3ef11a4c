"""What mouse and keys do in views that are only looked at: window or crosshair, zoom, pan, slices; all together."""

from __future__ import annotations

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QKeyEvent, QMouseEvent, QWheelEvent

from ctstudio.core.windows import Window
from ctstudio.session.viewing import Viewing
from ctstudio.ui.planes import rounded
from ctstudio.ui.slice_view import SliceView

_LEFT, _RIGHT, _MIDDLE = Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton, Qt.MouseButton.MiddleButton
_SLICES = {Qt.Key.Key_Up: 1, Qt.Key.Key_Down: -1, Qt.Key.Key_PageUp: 10, Qt.Key.Key_PageDown: -10}


class LookingHands:
    """Left drag sets the window, right drag zooms, middle drag pans, the wheel scrolls.

    Args:
        viewing: What all the views share.
        points: The left button moves the crosshair; the window is set while Ctrl is held.
    """

    def __init__(self, viewing: Viewing, points: bool = False) -> None:
        self.viewing = viewing
        self._points = points
        self._at = QPointF()

    def press(self, view: SliceView, event: QMouseEvent) -> None:
        """Begin a drag."""
        self._at = event.position()
        if event.button() == _LEFT and self._pointing(event):
            self._look_at(view, event.position())

    def move(self, view: SliceView, event: QMouseEvent) -> None:
        """Go on with it, and read what lies under the cursor."""
        self._read(view, event.position())
        moved, self._at = event.position() - self._at, event.position()
        if view.volume is None:
            return
        if event.buttons() & _LEFT and self._pointing(event):
            self._look_at(view, event.position())
        elif event.buttons() & _LEFT:
            self._drag_window(moved)
        elif event.buttons() & _RIGHT:
            view.zoom(1.01 ** -moved.y(), QPointF(view.rect().center()))
        elif event.buttons() & _MIDDLE:
            view.pan(moved)

    def release(self, view: SliceView, event: QMouseEvent) -> None:
        """End it."""

    def double(self, view: SliceView, event: QMouseEvent) -> None:
        """The views' owner does what a double click means."""
        view.doubled.emit()

    def wheel(self, view: SliceView, event: QWheelEvent) -> None:
        """Scroll; with Ctrl zoom."""
        delta = event.angleDelta().y() or event.angleDelta().x()
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            view.zoom(1.0015**delta, event.position())
        elif delta:
            self.viewing.scroll(view.plane.normal, 1 if delta > 0 else -1)

    def key(self, view: SliceView, event: QKeyEvent) -> bool:
        """Arrows and page keys scroll."""
        by = _SLICES.get(Qt.Key(event.key()))
        if by is not None:
            self.viewing.scroll(view.plane.normal, by)
        return by is not None

    def key_up(self, view: SliceView, event: QKeyEvent) -> None:
        """No key is held."""

    def leave(self, view: SliceView) -> None:
        """The pointer left."""
        view.show_reading("")

    def _pointing(self, event: QMouseEvent) -> bool:
        return self._points and not event.modifiers() & Qt.KeyboardModifier.ControlModifier

    def _look_at(self, view: SliceView, at: QPointF) -> None:
        index = view.index_at(at)
        if index is not None:
            self.viewing.crosshair = index

    def _read(self, view: SliceView, at: QPointF) -> None:
        index = view.index_at(at)
        if index is None or view.volume is None or not view.volume.grid.contains(index):
            view.show_reading("")
            return
        value = float(view.volume.array[rounded(view.volume.grid, index)])
        view.show_reading(f"{value:.0f} HU" if view.volume.is_hu else f"{value:.3g}")

    def _drag_window(self, moved: QPointF) -> None:
        window = self.viewing.window
        step = window.width_hu / 250
        width = max(window.width_hu + moved.x() * step, 1.0)
        self.viewing.window = Window(window.level_hu + moved.y() * step, width)
