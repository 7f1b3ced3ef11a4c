"""One slice of a volume with its mask, drawn as a single picture.

One image and one table: half the time of an image with a second one blended over it, and it needs no library.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QRectF
from PySide6.QtGui import QImage, QPainter

from ctstudio.core.volume import Volume
from ctstudio.core.windows import Window
from ctstudio.ui.fused_colours import Fuser, Table, colour_table
from ctstudio.ui.label_outlines import outlined
from ctstudio.ui.planes import Plane, cut, rectangle, size_mm

Labels = NDArray[np.uint8]


class SliceItem:
    """Draws one slice; fuses colours again only where something changed, and only when painted.

    Its own coordinates are millimetres to the right of and below the slice's corner. With `outlines`, labels are drawn
    as their edges, so that what lies within them can be judged.
    """

    def __init__(self, plane: Plane, update: Callable[[], object], outlines: bool = False) -> None:
        self._update = update
        self.plane = plane
        self.outlines = outlines
        self.volume: Volume | None = None
        self.labels: Labels | None = None
        self.index = 0
        self._window = Window(40, 400)
        self._table: Table = colour_table(np.zeros((256, 3), np.uint8), 0.0)
        self._fuser = Fuser()
        self._pixels = np.zeros((1, 1), np.uint32)
        self._image = QImage()
        self._bounds = QRectF(0, 0, 1, 1)
        self._stale: tuple[int, int, int, int] | None = None

    def show_volume(self, volume: Volume | None, labels: Labels | None) -> None:
        """Show a volume with labels of the same shape over it; None shows nothing."""
        self.volume, self.labels = volume, labels
        if volume is None:
            self._image, self._stale = QImage(), None
            self._update()
            return
        rows, columns = volume.grid.shape[self.plane.row], volume.grid.shape[self.plane.column]
        if self._pixels.shape != (rows, columns):
            self._pixels = np.zeros((rows, columns), np.uint32)
        self._image = QImage(self._pixels.data, columns, rows, columns * 4, QImage.Format.Format_RGB32)
        self._bounds = QRectF(0, 0, *size_mm(volume.grid, self.plane))
        self.index = min(self.index, volume.grid.shape[self.plane.normal] - 1)
        self.refresh()

    def show_slice(self, index: int) -> None:
        """Move to another slice."""
        if index != self.index:
            self.index = index
            self.refresh()

    def show_window(self, window: Window) -> None:
        """Show another range of values."""
        if window != self._window:
            self._window = window
            self.refresh()

    def show_table(self, table: Table) -> None:
        """Colour labels by another table."""
        self._table = table
        self.refresh()

    def refresh(self) -> None:
        """Fuse the whole slice at the next paint."""
        self._stale = (0, self._pixels.shape[0], 0, self._pixels.shape[1])
        self._update()

    def refresh_box(self, low_zyx: Sequence[int], high_zyx: Sequence[int]) -> None:
        """Fuse again only the part of a changed box of voxels (high end excluded) that this slice shows."""
        if self.volume is None or not low_zyx[self.plane.normal] <= self.index < high_zyx[self.plane.normal]:
            return
        box = rectangle(self.volume.grid, self.plane, low_zyx, high_zyx)
        if self._stale is not None:
            old = self._stale
            box = min(old[0], box[0]), max(old[1], box[1]), min(old[2], box[2]), max(old[3], box[3])
        self._stale = box
        self._update()

    def paint(self, painter: QPainter) -> None:
        """Draw the picture with a painter whose unit is the millimetre, after fusing what is stale."""
        if self.volume is None:
            return
        if self._stale is not None:
            self._fuse(*self._stale)
            self._stale = None
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, self._smooth(painter))
        painter.drawImage(self._bounds, self._image)

    def _fuse(self, top: int, bottom: int, left: int, right: int) -> None:
        volume = self.volume
        if volume is None:
            return
        part = (slice(max(top, 0), bottom), slice(max(left, 0), right))
        image = cut(volume.array, self.plane, self.index)[part]
        labels = None if self.labels is None else cut(self.labels, self.plane, self.index)
        if labels is not None:
            labels = (outlined(labels) if self.outlines else labels)[part]
        if image.size == 0:
            return
        if image.shape == self._pixels.shape:
            self._fuser.fuse(image, labels, self._window, self._table, self._pixels)
            return
        patch = np.empty(image.shape, np.uint32)
        self._fuser.fuse(image, labels, self._window, self._table, patch)
        self._pixels[part] = patch

    def _smooth(self, painter: QPainter) -> bool:
        """Voxels larger than eight screen pixels are shown as squares, so that one can paint them."""
        scale = painter.worldTransform().m11() * self._bounds.width() / max(self._pixels.shape[1], 1)
        return abs(scale) < 8.0
