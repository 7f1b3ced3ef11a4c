"""One view: a slice, its marks, and the geometry between pixels and voxels."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QEnterEvent,
    QFocusEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QAbstractSpinBox, QApplication, QLineEdit, QPlainTextEdit, QSizePolicy, QWidget

from ctstudio.core.volume import Volume
from ctstudio.core.windows import Window
from ctstudio.session.viewing import Framing
from ctstudio.ui import brush_cursor, view_marks
from ctstudio.ui.framed import framing_of, rect_of
from ctstudio.ui.fused_colours import Table
from ctstudio.ui.hands import Hands
from ctstudio.ui.planes import Plane, edge_letters, to_index, to_screen
from ctstudio.ui.slice_item import Labels, SliceItem
from ctstudio.ui.slice_layers import Layer

Index = tuple[float, float, float]


class SliceView(QWidget):
    """A view of one plane. It shows what it is told and hands every event to its `hands`."""

    framed = Signal(Framing)
    doubled = Signal()

    def __init__(
        self, plane: Plane, hands: Hands, title: str = "", paintable: bool = True, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.plane = plane
        self.title = title or plane.title
        self.paintable = paintable
        self.hint = ""
        self.badge = view_marks.BADGE
        self.region: tuple[Index, float] | None = None  # centre and radius in voxels of a disc that is measured
        self.layers: tuple[Layer, ...] = ()  # drawn over the slice, under the marks
        self.item = SliceItem(plane, self.update, outlines=not paintable)
        self.shown_mm = QRectF(0, 0, 1, 1)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(120, 100)
        self.setAccessibleName(self.title)
        self._hands = hands
        self.window_hu = Window(40, 400)
        self._crosshair: Index | None = None
        self._reading = ""
        self._brush: tuple[QPointF, float, QColor, bool] | None = None
        self._synthetic = False
        self._framing = Framing()
        self._letters = ("", "", "", "")

    def show_volume(self, volume: Volume | None, labels: Labels | None, synthetic: bool = False) -> None:
        """Show a volume with its labels from now on; a volume of another size is fitted into the view."""
        old = self.item.volume
        self._synthetic = synthetic
        self._letters = ("", "", "", "") if volume is None else edge_letters(volume.grid, self.plane)
        self.item.show_volume(volume, labels)
        if volume is not None and (old is None or not old.grid.matches(volume.grid)):
            self.frame(self._framing)
        self.update()

    def show_slice(self, index: int) -> None:
        """Move to a slice."""
        self.item.show_slice(index)
        self.update()

    def show_window(self, window: Window) -> None:
        """Show another range of values."""
        self.window_hu = window
        self.item.show_window(window)
        self.update()

    def show_table(self, table: Table) -> None:
        """Colour labels by another table."""
        self.item.show_table(table)

    def show_crosshair(self, index_zyx: Index | None) -> None:
        """Draw the crosshair at a voxel; None draws none."""
        if index_zyx != self._crosshair:
            self._crosshair = index_zyx
            self.update()

    def show_reading(self, text: str) -> None:
        """Write what lies under the cursor."""
        if text != self._reading:
            self._reading = text
            self.update()

    def show_brush(self, at: QPointF | None, radius_mm: float = 0.0, colour: str = "", erasing: bool = False) -> None:
        """Draw the brush at a point in widget pixels; None draws none."""
        brush = None if at is None else (at, radius_mm, QColor(colour), erasing)
        if brush != self._brush:
            self._brush = brush
            self.update()

    @property
    def volume(self) -> Volume | None:
        """What is shown."""
        return self.item.volume

    @property
    def synthetic(self) -> bool:
        """Whether the view carries the SYNTHETIC badge."""
        return self._synthetic

    @property
    def pixels_per_mm(self) -> float:
        """Screen pixels a millimetre takes."""
        return self.width() / self.shown_mm.width()

    def index_at(self, point: QPointF) -> Index | None:
        """The voxel position (z, y, x), not rounded, under a widget point; None without a volume."""
        if self.item.volume is None:
            return None
        place = self._place(point)
        return to_index(self.item.volume.grid, self.plane, place.x(), place.y(), self.item.index)

    def point_of(self, index_zyx: Sequence[float]) -> QPointF:
        """The widget point of a voxel's centre."""
        if self.item.volume is None:
            return QPointF()
        right, down = to_screen(self.item.volume.grid, self.plane, index_zyx)
        return (QPointF(right, down) - self.shown_mm.topLeft()) * self.pixels_per_mm

    def zoom(self, factor: float, at: QPointF) -> None:
        """Zoom in by a factor (> 1 enlarges) around a widget point."""
        fixed, shown = self._place(at), self.shown_mm
        corner = fixed + (shown.topLeft() - fixed) / factor
        self._show_by_hand(QRectF(corner, shown.size() / factor))

    def pan(self, pixels: QPointF) -> None:
        """Move the slice by widget pixels."""
        self._show_by_hand(self.shown_mm.translated(pixels * (-1 / self.pixels_per_mm)))

    def _place(self, point: QPointF) -> QPointF:
        """Millimetres right of and below the slice's corner, of a widget point."""
        return self.shown_mm.topLeft() + point / self.pixels_per_mm

    def frame(self, framing: Framing) -> None:
        """Show a part of the slice."""
        self._framing = framing
        if self.item.volume is not None and min(self.width(), self.height()) > 1:
            self.shown_mm = rect_of(framing, self.item.volume.grid, self.plane, self.size())
            self.update()

    def _show_by_hand(self, shown_mm: QRectF) -> None:
        if self.item.volume is not None:
            self.shown_mm = shown_mm
            self._framing = framing_of(shown_mm, self.item.volume.grid, self.plane, self.size())
            self.update()
            self.framed.emit(self._framing)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the slice, then write the marks over it."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), Qt.GlobalColor.black)
        painter.scale(self.pixels_per_mm, self.pixels_per_mm)
        painter.translate(-self.shown_mm.topLeft())
        self.item.paint(painter)
        for layer in self.layers if self.item.volume is not None else ():
            layer.paint(painter, self)
        painter.resetTransform()
        area = QRectF(self.rect())
        if self.item.volume is None:
            view_marks.draw_hint(painter, area, self.hint)
        view_marks.draw(painter, area, self._marks())
        if self.region is not None and self.item.volume is not None:
            radius_mm = self.region[1] * min(self.item.volume.grid.spacing_mm[:2])
            view_marks.draw_region(painter, self.point_of(self.region[0]), radius_mm * self.pixels_per_mm)
        if self._brush is not None:
            at, radius_mm, colour, erasing = self._brush
            brush_cursor.draw(painter, at.x(), at.y(), radius_mm * self.pixels_per_mm, colour, erasing)

    def _marks(self) -> view_marks.Marks:
        volume = self.item.volume
        if volume is None:
            return view_marks.Marks(self.title, "", "", ("", "", "", ""), None, 0.0, "")
        slices = volume.grid.shape[self.plane.normal]
        number = f"{self.title}   {self.item.index + 1} / {slices}".strip() if slices > 1 else self.title
        cross = None
        if self._crosshair is not None:
            point = self.point_of(self._crosshair)
            cross = (point.x(), point.y())
        return view_marks.Marks(
            title=number,
            window=f"L {self.window_hu.level_hu:.0f}   W {self.window_hu.width_hu:.0f}",
            reading=self._reading,
            letters=self._letters,
            crosshair=cross,
            pixels_per_mm=self.pixels_per_mm,
            badge=self.badge if self._synthetic else "",
            active=self.hasFocus(),
        )

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._hands.press(self, event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._hands.move(self, event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._hands.release(self, event)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self._hands.double(self, event)

    def wheelEvent(self, event: QWheelEvent) -> None:
        self._hands.wheel(self, event)
        event.accept()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        event.setAccepted(self._hands.key(self, event))

    def keyReleaseEvent(self, event: QKeyEvent) -> None:
        self._hands.key_up(self, event)

    def enterEvent(self, event: QEnterEvent) -> None:
        """Take the keys when the pointer comes in, unless somebody is typing."""
        if not isinstance(QApplication.focusWidget(), QLineEdit | QAbstractSpinBox | QPlainTextEdit):
            self.setFocus(Qt.FocusReason.MouseFocusReason)

    def leaveEvent(self, event: QEvent) -> None:
        self._hands.leave(self)

    def focusInEvent(self, event: QFocusEvent) -> None:
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        self.update()

    def resizeEvent(self, event: QResizeEvent) -> None:
        self.frame(self._framing)
