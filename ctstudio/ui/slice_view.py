"""One view: a slice in a pyqtgraph view box, its marks, and the geometry between pixels and voxels."""

from __future__ import annotations

from collections.abc import Sequence

import pyqtgraph as pg
from PySide6.QtCore import QEvent, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QEnterEvent,
    QFocusEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QResizeEvent,
    QTransform,
    QWheelEvent,
)
from PySide6.QtWidgets import QApplication, QGraphicsView, QLineEdit, QSizePolicy, QWidget

from ctstudio.core.volume import Volume
from ctstudio.core.windows import Window
from ctstudio.session.viewing import Framing
from ctstudio.ui import brush_cursor, theme, view_marks
from ctstudio.ui.framed import framing_of, rect_of
from ctstudio.ui.fused_colours import Table
from ctstudio.ui.hands import Hands
from ctstudio.ui.planes import Plane, edge_letters, to_index, to_screen
from ctstudio.ui.slice_item import Labels, SliceItem

Index = tuple[float, float, float]


class SliceView(pg.GraphicsView):  # type: ignore[misc]
    """A view of one plane. It shows what it is told and hands every event to its `hands`."""

    framed = Signal(Framing)
    doubled = Signal()

    def __init__(
        self, plane: Plane, hands: Hands, title: str = "", paintable: bool = True, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent, background="#000000")
        self.plane = plane
        self.title = title or plane.title
        self.paintable = paintable
        self.hint = ""
        self.item = SliceItem(plane)
        self.box = pg.ViewBox(lockAspect=True, enableMouse=False, invertY=True, enableMenu=False, defaultPadding=0)
        self.box.addItem(self.item)
        self.setCentralItem(self.box)
        self.setViewportUpdateMode(QGraphicsView.ViewportUpdateMode.FullViewportUpdate)
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(120, 100)
        self.setAccessibleName(self.title)
        self._hands = hands
        self._window = Window(40, 400)
        self._crosshair: Index | None = None
        self._reading = ""
        self._brush: tuple[QPointF, float, QColor, bool] | None = None
        self._synthetic = False
        self._framing = Framing()

    # What it shows.

    def show_volume(self, volume: Volume | None, labels: Labels | None, synthetic: bool = False) -> None:
        """Show a volume with its labels from now on; a volume of another size is fitted into the view."""
        old = self.item.volume
        self._synthetic = synthetic
        self.item.show_volume(volume, labels)
        if volume is not None and (old is None or not old.grid.matches(volume.grid)):
            self.frame(self._framing)
        self.viewport().update()

    def show_slice(self, index: int) -> None:
        """Move to a slice."""
        self.item.show_slice(index)
        self.viewport().update()

    def show_window(self, window: Window) -> None:
        """Show another range of values."""
        self._window = window
        self.item.show_window(window)
        self.viewport().update()

    def show_table(self, table: Table) -> None:
        """Colour labels by another table."""
        self.item.show_table(table)

    def show_crosshair(self, index_zyx: Index | None) -> None:
        """Draw the crosshair at a voxel; None draws none."""
        if index_zyx != self._crosshair:
            self._crosshair = index_zyx
            self.viewport().update()

    def show_reading(self, text: str) -> None:
        """Write what lies under the cursor."""
        if text != self._reading:
            self._reading = text
            self.viewport().update()

    def show_brush(self, at: QPointF | None, radius_mm: float = 0.0, colour: str = "", erasing: bool = False) -> None:
        """Draw the brush at a point in widget pixels; None draws none."""
        brush = None if at is None else (at, radius_mm, QColor(colour), erasing)
        if brush != self._brush:
            self._brush = brush
            self.viewport().update()

    @property
    def volume(self) -> Volume | None:
        """The volume that is shown."""
        volume: Volume | None = self.item.volume
        return volume

    @property
    def synthetic(self) -> bool:
        """Whether the view carries the SYNTHETIC badge."""
        return self._synthetic

    # Geometry.

    @property
    def pixels_per_mm(self) -> float:
        """Screen pixels a millimetre takes."""
        rect = self.box.viewRect()
        return float(self.viewport().width() / rect.width()) if rect.width() else 1.0

    def index_at(self, point: QPointF) -> Index | None:
        """The voxel position (z, y, x), not rounded, under a widget point; None without a volume."""
        if self.item.volume is None:
            return None
        place = self.box.mapSceneToView(self.mapToScene(point.toPoint()))
        return to_index(self.item.volume.grid, self.plane, place.x(), place.y(), self.item.index)

    def point_of(self, index_zyx: Sequence[float]) -> QPointF:
        """The widget point of a voxel's centre."""
        if self.item.volume is None:
            return QPointF()
        right, down = to_screen(self.item.volume.grid, self.plane, index_zyx)
        return QPointF(self.mapFromScene(self.box.mapViewToScene(QPointF(right, down))))

    def zoom(self, factor: float, at: QPointF) -> None:
        """Zoom in by a factor (> 1 enlarges) around a widget point."""
        centre = self.box.mapSceneToView(self.mapToScene(at.toPoint()))
        self.box.scaleBy((1 / factor, 1 / factor), centre)
        self._say_framing()

    def pan(self, pixels: QPointF) -> None:
        """Move the slice by widget pixels."""
        scale = self.pixels_per_mm
        self.box.translateBy(x=-pixels.x() / scale, y=-pixels.y() / scale)
        self._say_framing()

    def frame(self, framing: Framing) -> None:
        """Show a part of the slice."""
        self._framing = framing
        size = self.viewport().size()
        if self.item.volume is not None and min(size.width(), size.height()) > 1:
            self.box.setRange(rect_of(framing, self.item.volume.grid, self.plane, size), padding=0)

    def _say_framing(self) -> None:
        if self.item.volume is not None:
            grid, size = self.item.volume.grid, self.viewport().size()
            self._framing = framing_of(self.box.viewRect(), grid, self.plane, size)
            self.framed.emit(self._framing)

    # Drawing.

    def drawForeground(self, painter: QPainter, rect: QRectF) -> None:
        """Write the marks over the slice."""
        painter.save()
        painter.setWorldTransform(QTransform())
        area = QRectF(self.viewport().rect())
        if self.item.volume is None:
            painter.setPen(QColor(theme.FAINT))
            painter.setFont(theme.font(13))
            painter.drawText(area.adjusted(24, 24, -24, -24), _CENTRED, self.hint)
        view_marks.draw(painter, area, self._marks())
        if self._brush is not None:
            at, radius_mm, colour, erasing = self._brush
            brush_cursor.draw(painter, at.x(), at.y(), radius_mm * self.pixels_per_mm, colour, erasing)
        painter.restore()

    def _marks(self) -> view_marks.Marks:
        volume = self.item.volume
        if volume is None:
            return view_marks.Marks(self.title, "", "", ("", "", "", ""), None, 0.0, False)
        number = f"{self.title}   {self.item.index + 1} / {volume.grid.shape[self.plane.normal]}"
        cross = None
        if self._crosshair is not None:
            point = self.point_of(self._crosshair)
            cross = (point.x(), point.y())
        return view_marks.Marks(
            title=number,
            window=f"L {self._window.level_hu:.0f}   W {self._window.width_hu:.0f}",
            reading=self._reading,
            letters=edge_letters(volume.grid, self.plane),
            crosshair=cross,
            pixels_per_mm=self.pixels_per_mm,
            synthetic=self._synthetic,
            active=self.hasFocus(),
        )

    # Events, handed on.

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
        if not isinstance(QApplication.focusWidget(), QLineEdit):
            self.setFocus(Qt.FocusReason.MouseFocusReason)

    def leaveEvent(self, event: QEvent) -> None:
        self._hands.leave(self)

    def focusInEvent(self, event: QFocusEvent) -> None:
        self.viewport().update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        self.viewport().update()

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        super().resizeEvent(event)
        if hasattr(self, "_framing"):
            self.frame(self._framing)


_CENTRED = int(Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap)
