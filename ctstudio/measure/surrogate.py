"""A stand-in slice in HU for a mask without a scan, so that the noise it would have can be told."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ctstudio.core.labels import LabelTable, standard_table
from ctstudio.core.working_grid import BODY_NAMES
from ctstudio.measure.nominal_hu import nominal_hu_table

HEAD_NAMES = ("brain", "skull")
TORSO_MM = (330.0, 235.0)
HEAD_MM = (155.0, 195.0)
LEAST_BODY_CM2 = 50.0
"""Area of body labels below which a mask counts as having no body painted, cm2."""


def surrogate_hu(labels: NDArray[np.integer], table: LabelTable | None = None) -> NDArray[np.float32]:
    """Each label at its usual HU; float32, same shape; 0 is air (-1000 HU). The standard table unless given."""
    return np.asarray(nominal_hu_table(table)[labels], np.float32)


def surrogate_slice_hu(labels: NDArray[np.integer], pixel_mm: float) -> NDArray[np.float32]:
    """`surrogate_hu` of (y, x) labels of the standard table, with a body beneath them if none is painted."""
    return surrogate_hu(with_body(labels, pixel_mm))


def with_body(labels: NDArray[np.integer], pixel_mm: float) -> NDArray[np.integer]:
    """(y, x) labels with an ellipse of body under them, unless they hold a body of their own or nothing at all."""
    table = standard_table()
    own = np.isin(labels, [table.by_name(name).value for name in BODY_NAMES])
    if not labels.any() or own.sum() * pixel_mm**2 / 100.0 >= LEAST_BODY_CM2:
        return labels
    head = bool(np.isin(labels, [table.by_name(name).value for name in HEAD_NAMES]).any())
    width_mm, depth_mm = HEAD_MM if head else TORSO_MM
    shape = (labels.shape[0], labels.shape[1])
    return np.where(labels == 0, body_ellipse(shape, pixel_mm, width_mm, depth_mm), labels).astype(labels.dtype)


def body_ellipse(
    shape: tuple[int, int],
    pixel_mm: float,
    width_mm: float = TORSO_MM[0],
    depth_mm: float = TORSO_MM[1],
    centre: tuple[float, float] | None = None,
) -> NDArray[np.uint8]:
    """An ellipse of the label `body` on nothing.

    Args:
        shape: (y, x) pixels.
        pixel_mm: Side of a pixel, mm.
        width_mm: Extent along x, mm.
        depth_mm: Extent along y, mm.
        centre: (y, x) position in pixels; the middle of the slice unless given.

    Returns:
        (y, x) uint8, standard table.
    """
    middle = centre or ((shape[0] - 1) / 2, (shape[1] - 1) / 2)
    y = (np.arange(shape[0]) - middle[0]) * pixel_mm / (depth_mm / 2)
    x = (np.arange(shape[1]) - middle[1]) * pixel_mm / (width_mm / 2)
    value = standard_table().by_name("body").value
    return np.where(y[:, None] ** 2 + x[None, :] ** 2 <= 1.0, value, 0).astype(np.uint8)
