"""What mouse and keys do in a view: scroll, window, zoom, pan, crosshair, paint."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QKeyEvent, QMouseEvent, QWheelEvent

from ctstudio.core.windows import Window
from ctstudio.session.document import Case
from ctstudio.ui.actions import Actions
from ctstudio.ui.planes import rounded
from ctstudio.ui.slice_view import Index, SliceView
from ctstudio.ui.tools import Tool, ToolBox

_LEFT, _RIGHT, _MIDDLE = Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton, Qt.MouseButton.MiddleButton
_CTRL, _SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier
MIN_RADIUS_MM, MAX_RADIUS_MM = 0.5, 60.0
_KEYS = {
    Qt.Key.Key_Up: "Up",
    Qt.Key.Key_Down: "Down",
    Qt.Key.Key_PageUp: "PgUp",
    Qt.Key.Key_PageDown: "PgDown",
    Qt.Key.Key_Home: "Home",
    Qt.Key.Key_End: "End",
}


class ViewControls:
    """The hands of all views; `actions` serves the keys of a view."""

    def __init__(self, tools: ToolBox) -> None:
        self._case: Case | None = None
        self.actions: Actions | None = None
        self.focused: SliceView | None = None
        self._tools = tools
        self._drag: Tool | None = None
        self._button = Qt.MouseButton.NoButton
        self._at = QPointF()
        self._from: Index | None = None
        self._erasing = False
        self._space = False
        self._turned = 0

    @property
    def case(self) -> Case | None:
        """What the hands work on; a stroke that is open when it changes is ended on the case it began on."""
        return self._case

    @case.setter
    def case(self, case: Case | None) -> None:
        self._end()
        self._case = case

    # Events.

    def press(self, view: SliceView, event: QMouseEvent) -> None:
        """Begin what this button does; what another button, still held, has begun goes on."""
        if self._drag is not None and event.button() != self._button and event.buttons() & self._button:
            return
        self._end()
        self.focused, self._at, self._button = view, event.position(), event.button()
        if self.case is None or view.volume is None:
            return
        if event.button() == _MIDDLE or (event.button() == _LEFT and self._space):
            self._drag = Tool.PAN
        elif event.button() == _RIGHT:
            self._drag = Tool.ZOOM
        elif event.button() == _LEFT:
            self._drag = self._left_tool(view)
            if self._drag.paints:
                self._begin_stroke(view, event)
            elif self._drag is Tool.CROSSHAIR:
                self._look_at(view, event.position())

    def move(self, view: SliceView, event: QMouseEvent) -> None:
        """Go on with it, or read what lies under the cursor."""
        self.focused = view
        self.read(view, event.position())
        if self.case is None or view.volume is None:
            return
        if self._drag is None:
            if event.modifiers() & _SHIFT and not event.buttons():
                self._look_at(view, event.position())
        elif self._drag.paints:
            self._stroke_to(view, event)
        else:
            self._drag_on(view, event)
        self._at = event.position()
        self._show_brush(view, event.position(), bool(event.modifiers() & _CTRL))

    def release(self, view: SliceView, event: QMouseEvent) -> None:
        """End it."""
        if event.button() == self._button:
            self._end()

    def double(self, view: SliceView, event: QMouseEvent) -> None:
        """A second quick press paints on with a painting tool; otherwise it makes the view large, and small again."""
        if event.button() == _LEFT and self._left_tool(view).paints:
            self.press(view, event)
        elif event.button() == _LEFT:
            view.doubled.emit()

    def wheel(self, view: SliceView, event: QWheelEvent) -> None:
        """Scroll; with Ctrl zoom; with Shift change the brush."""
        if self.case is None or view.volume is None:
            return
        delta = event.angleDelta().y() or event.angleDelta().x()
        if event.modifiers() & _CTRL:
            view.zoom(1.0015**delta, event.position())
            return
        self._turned += delta
        notches, self._turned = int(self._turned / 120), self._turned - int(self._turned / 120) * 120
        if not notches:
            return
        if event.modifiers() & _SHIFT:
            self.grow_brush(1.15**notches)
            self._show_brush(view, event.position(), False)
        else:
            self.case.viewing.scroll(view.plane.normal, notches)
            self.read(view, event.position())

    def key(self, view: SliceView, event: QKeyEvent) -> bool:
        """Keys that belong to the view in focus; False hands the key on."""
        self.focused = view
        if event.key() == Qt.Key.Key_Space:
            self._space = True
            return True
        if event.key() == Qt.Key.Key_Escape and self._drag is not None and self._drag.paints and self.case is not None:
            self.case.mask.cancel_stroke()
            self._drag, self._from = None, None
            return True
        name = _KEYS.get(Qt.Key(event.key()))
        return name is not None and self.actions is not None and self.actions.press(name)

    def key_up(self, view: SliceView, event: QKeyEvent) -> None:
        """The space bar no longer pans."""
        if event.key() == Qt.Key.Key_Space and not event.isAutoRepeat():
            self._space = False

    def leave(self, view: SliceView) -> None:
        """The pointer left."""
        view.show_reading("")
        view.show_brush(None)

    # What they do.

    def grow_brush(self, factor: float) -> None:
        """Make the brush larger (> 1) or smaller."""
        if self.case is not None:
            brush = self.case.mask.brush
            radius = min(max(brush.radius_mm * factor, MIN_RADIUS_MM), MAX_RADIUS_MM)
            self.case.mask.brush = replace(brush, radius_mm=round(radius, 1))

    def read(self, view: SliceView, at: QPointF) -> None:
        """Write value and label under a point into the view."""
        index = view.index_at(at)
        if index is None or view.volume is None or not view.volume.grid.contains(index):
            view.show_reading("")
            return
        z, y, x = rounded(view.volume.grid, index)
        value = f"{view.volume.array[z, y, x]:.0f} HU" if view.volume.is_hu else f"{view.volume.array[z, y, x]:.2f}"
        labels = view.item.labels
        label = int(labels[z, y, x]) if labels is not None else 0
        name = self.case.mask.table.by_value(label).title if label and self.case is not None else ""
        view.show_reading(f"{value}    {name}".rstrip())

    def _end(self) -> None:
        if self._drag is not None and self._drag.paints and self._case is not None:
            self._case.mask.end_stroke()
        self._drag, self._from = None, None

    def _left_tool(self, view: SliceView) -> Tool:
        tool = self._tools.tool
        return Tool.CROSSHAIR if tool.paints and not view.paintable else tool

    def _look_at(self, view: SliceView, at: QPointF) -> None:
        index = view.index_at(at)
        if index is not None and self.case is not None and view.volume is not None:
            if view.volume.grid.matches(self.case.volume.grid):
                self.case.viewing.crosshair = index
            else:
                self.case.viewing.crosshair = tuple(self.case.volume.grid.to_index(view.volume.grid.to_world(index)))

    def _begin_stroke(self, view: SliceView, event: QMouseEvent) -> None:
        index = view.index_at(event.position())
        if index is None or self.case is None:
            return
        self._erasing = (self._drag is Tool.ERASER) != bool(event.modifiers() & _CTRL)
        self.case.mask.begin_stroke()
        self.case.mask.stamp(index, view.plane.normal, self._erasing)
        self._from = index
        self._show_brush(view, event.position(), bool(event.modifiers() & _CTRL))

    def _stroke_to(self, view: SliceView, event: QMouseEvent) -> None:
        index = view.index_at(event.position())
        if index is not None and self._from is not None and self.case is not None:
            if not self.case.mask.painting_now:  # undo or an import ended it under way: go on as one new stroke
                self.case.mask.begin_stroke()
            self.case.mask.line(self._from, index, view.plane.normal, self._erasing)
            self._from = index

    def _drag_on(self, view: SliceView, event: QMouseEvent) -> None:
        moved = event.position() - self._at
        if self._drag is Tool.PAN:
            view.pan(moved)
        elif self._drag is Tool.ZOOM:
            view.zoom(1.01 ** -moved.y(), QPointF(view.rect().center()))
        elif self._drag is Tool.CROSSHAIR:
            self._look_at(view, event.position())
        elif self._drag is Tool.WINDOW and self.case is not None:
            window = self.case.viewing.window
            step = max(window.width_hu, 50.0) / 250
            width = max(window.width_hu + moved.x() * step, 1.0)
            self.case.viewing.window = Window(window.level_hu + moved.y() * step, width)

    def _show_brush(self, view: SliceView, at: QPointF, inverted: bool) -> None:
        if self.case is None or not self._left_tool(view).paints or view.volume is None:
            view.show_brush(None)
            return
        mask = self.case.mask
        erasing = self._erasing if self._from is not None else (self._tools.tool is Tool.ERASER) != inverted
        view.show_brush(at, mask.brush.radius_mm, _css(mask.table.by_value(mask.active).colour), erasing)


def _css(colour: tuple[int, int, int]) -> str:
    return "#{:02x}{:02x}{:02x}".format(*colour)
