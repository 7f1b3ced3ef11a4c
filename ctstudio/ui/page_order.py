"""The window's pages in their order."""

from __future__ import annotations

PAINT_PAGE, GENERATE_PAGE, LOW_DOSE_PAGE, TRAIN_PAGE = 0, 1, 2, 3
