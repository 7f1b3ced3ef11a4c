"""Window, level and label colours fused into one 32-bit picture through one table.

A pixel's code is `label << 8 | grey`. The table of 64 K colours already holds the blend of label colour,
opacity and grey, so a slice costs one look-up per pixel whatever the number of labels.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ctstudio.core.windows import Window

Table = NDArray[np.uint32]
OPAQUE = np.uint32(0xFF000000)


def colour_table(colours: NDArray[np.uint8], opacity: float, shown: NDArray[np.bool_] | None = None) -> Table:
    """(65536,) RGB32 colours of every code.

    Args:
        colours: (256, 3) RGB by label value.
        opacity: How much of a label's colour covers the grey, 0 to 1.
        shown: (256,) which labels are coloured at all; None shows every one.
    """
    cover = np.full(256, np.clip(opacity, 0.0, 1.0), np.float32)
    cover[0] = 0.0
    if shown is not None:
        cover[~shown] = 0.0
    grey = np.arange(256, dtype=np.float32)[None, :, None]
    blend = (1 - cover)[:, None, None] * grey + cover[:, None, None] * colours.astype(np.float32)[:, None, :]
    rgb = np.rint(blend).astype(np.uint32)
    table: Table = OPAQUE | rgb[..., 0] << np.uint32(16) | rgb[..., 1] << np.uint32(8) | rgb[..., 2]
    return table.ravel()


class Fuser:
    """Fuses slices into RGB32 pictures, keeping its buffers between calls."""

    def __init__(self) -> None:
        self._size = (0, 0)
        self._grey: NDArray[np.float32] = np.empty(0, np.float32)
        self._code: NDArray[np.uint16] = np.empty(0, np.uint16)

    def fuse(
        self,
        image: NDArray[Any],
        labels: NDArray[np.uint8] | None,
        window: Window,
        table: Table,
        out: NDArray[np.uint32],
    ) -> None:
        """Write the RGB32 picture of a (row, column) slice into `out`, same shape.

        Args:
            image: (row, column) values, any real type; NaN is shown black.
            labels: (row, column) label values, or None.
            window: The display range in the image's unit.
            table: What `colour_table` made.
            out: (row, column) uint32, overwritten.
        """
        grey, code = self._buffers(image.shape[0], image.shape[1])
        scale = np.float32(255.0 / max(window.width_hu, 1e-6))
        np.multiply(image, scale, out=grey, casting="unsafe", dtype=np.float32)
        np.add(grey, np.float32(0.5 - window.low_hu * scale), out=grey)
        if image.dtype.kind == "f":
            np.fmax(grey, np.float32(0.0), out=grey)  # NaN becomes 0
        np.clip(grey, np.float32(0.0), np.float32(255.0), out=grey)
        np.copyto(code, grey, casting="unsafe")
        if labels is not None:
            np.bitwise_or(code, np.left_shift(labels, 8, dtype=np.uint16), out=code)
        np.take(table, code, out=out, mode="clip")

    def _buffers(self, rows: int, columns: int) -> tuple[NDArray[np.float32], NDArray[np.uint16]]:
        if rows > self._size[0] or columns > self._size[1]:
            self._size = (max(rows, self._size[0]), max(columns, self._size[1]))
            self._grey = np.empty(self._size[0] * self._size[1], np.float32)
            self._code = np.empty(self._size[0] * self._size[1], np.uint16)
        count = rows * columns
        return self._grey[:count].reshape(rows, columns), self._code[:count].reshape(rows, columns)
