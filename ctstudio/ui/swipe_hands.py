"""The line between original and sample follows the mouse; everything else goes to the view's own hands."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QMouseEvent

from ctstudio.ui.slice_layers import SwipeLayer
from ctstudio.ui.slice_view import SliceView

_REACH = 10.0
"""Pixels from the line within which it is taken hold of."""


class SwipeHands(QObject):
    """Takes the mouse first in a view, and lets go of all that is not for the line."""

    def __init__(self, view: SliceView) -> None:
        super().__init__(view)
        self._view = view
        self._dragging = False
        view.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        layer = next((one for one in self._view.layers if isinstance(one, SwipeLayer)), None)
        if layer is None or not isinstance(event, QMouseEvent):
            if self._dragging and layer is None:
                self._let_go()
            return False
        near = abs(event.position().x() - layer.share * self._view.width()) <= _REACH
        if event.type() == QEvent.Type.MouseButtonPress and event.button() == Qt.MouseButton.LeftButton and near:
            self._dragging = True
        elif event.type() == QEvent.Type.MouseButtonRelease and self._dragging:
            self._let_go()
            return True
        elif event.type() == QEvent.Type.MouseMove and self._dragging:
            layer.share = min(max(event.position().x() / max(self._view.width(), 1), 0.0), 1.0)
            self._view.update()
        elif event.type() == QEvent.Type.MouseMove:
            self._view.setCursor(Qt.CursorShape.SplitHCursor if near else Qt.CursorShape.ArrowCursor)
        return self._dragging

    def _let_go(self) -> None:
        self._dragging = False
        self._view.unsetCursor()
