"""Which rectangle of a slice a view shows, from a zoom and a middle that do not depend on the view's size."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize

from ctstudio.core.grid import Grid
from ctstudio.session.viewing import Framing
from ctstudio.ui.planes import Plane, size_mm

FILL = 0.97
"""Share of the view that a whole slice fills."""


def whole_scale(grid: Grid, plane: Plane, view: QSize) -> float:
    """Pixels a millimetre when the whole slice is shown."""
    width, height = size_mm(grid, plane)
    return FILL * min(view.width() / width, view.height() / height)


def rect_of(framing: Framing, grid: Grid, plane: Plane, view: QSize) -> QRectF:
    """The rectangle of the slice, mm, that a view of this size shows."""
    width, height = size_mm(grid, plane)
    scale = framing.zoom * whole_scale(grid, plane, view)
    across, down = view.width() / scale, view.height() / scale
    return QRectF(framing.centre[0] * width - across / 2, framing.centre[1] * height - down / 2, across, down)


def framing_of(shown: QRectF, grid: Grid, plane: Plane, view: QSize) -> Framing:
    """The framing of a view of this size that shows a rectangle, mm."""
    width, height = size_mm(grid, plane)
    zoom = view.width() / shown.width() / whole_scale(grid, plane, view)
    return Framing(zoom, (shown.center().x() / width, shown.center().y() / height))
