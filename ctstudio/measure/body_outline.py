"""Where the patient is in a scan: a filled outline without the table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ctstudio.core.labels import values_of
from ctstudio.core.working_grid import TISSUE_ABOVE_HU

SHEET_PIXELS = 5
"""Sheets thinner than this are no body: a table's top has 2 to 5 mm, a chest's wall 8 mm and more; 1.5 mm a pixel."""

BODY_ABOVE_HU = -500.0
"""Between air and fat: lungs are filled afterwards."""
_TABLE_MM = 3.5
_AROUND_MM = 15.0
"""Skin, fat and muscle around the outermost organs of a slice, at least. Source: ours."""


def body_outline(slices_hu: NDArray[np.floating]) -> NDArray[np.bool_]:
    """The body in each axial slice.

    Tissue is what is brighter than -300 HU; an opening with a disc takes thin table tops away; the largest part is the
    patient; air that the border cannot reach lies inside (lungs, bowel) and is filled.

    Args:
        slices_hu: (N, y, x) HU at about 1.5 mm a pixel.

    Returns:
        (N, y, x) True inside the patient.

    Source: ours.
    """
    return np.stack([_outline(plane) for plane in slices_hu > TISSUE_ABOVE_HU])


def with_outline(labels: NDArray[np.uint8], slices_hu: NDArray[np.floating]) -> NDArray[np.uint8]:
    """Labels (N, y, x) of the standard table with the label `body` where the scan (N, y, x) shows the patient."""
    body = np.uint8(values_of(["body"])[0])
    return np.where((labels == 0) & body_outline(slices_hu), body, labels)


def body_envelope(scan_hu: NDArray[Any], spacing_mm: Sequence[float]) -> NDArray[np.bool_]:
    """The body of a whole scan: its largest part, so that arms stay, filled slice by slice.

    Args:
        scan_hu: (z, y, x) HU at any spacing.
        spacing_mm: (x, y, z).

    Returns:
        (z, y, x) True inside the patient; nowhere when there is none.

    Source: ours; the opening of a few millimetres takes the table away.
    """
    from scipy import ndimage

    tissue = np.asarray(scan_hu > BODY_ABOVE_HU)
    radius = _TABLE_MM / max(spacing_mm[0], spacing_mm[1])
    if radius >= 1:
        wide = int(np.ceil(radius)) + 1
        opened = ndimage.binary_opening(
            np.pad(tissue, ((0, 0), (wide, wide), (wide, wide)), mode="edge"), _disc(radius)
        )
        tissue = opened[:, wide:-wide, wide:-wide]
    parts, count = ndimage.label(tissue)
    if not count:
        return np.zeros(tissue.shape, bool)
    patient = parts == 1 + int(np.argmax(np.bincount(parts.ravel())[1:]))
    return np.stack([~_reached_from_border(~plane) for plane in patient])


def envelope_around(organs: NDArray[np.bool_], spacing_mm: Sequence[float]) -> NDArray[np.bool_]:
    """A body around organs that come without one: their convex hull in each slice, widened.

    Args:
        organs: (z, y, x), True in any organ.
        spacing_mm: (x, y, z).

    Returns:
        (z, y, x); nothing in slices without organs.
    """
    from scipy import ndimage
    from skimage.morphology import convex_hull_image

    around = np.zeros(organs.shape, bool)
    for z in np.flatnonzero(organs.any(axis=(1, 2))):
        hull = convex_hull_image(organs[z], offset_coordinates=False, include_borders=True)
        away_mm = ndimage.distance_transform_edt(~hull, sampling=(spacing_mm[1], spacing_mm[0]))
        around[z] = away_mm <= _AROUND_MM
    return around


def _disc(radius: float) -> NDArray[np.bool_]:
    """(1, n, n): a disc in the slice's plane."""
    edge = int(radius)
    y, x = np.mgrid[-edge : edge + 1, -edge : edge + 1]
    return np.asarray(y**2 + x**2 <= radius**2)[None]


def _outline(tissue: NDArray[np.bool_]) -> NDArray[np.bool_]:
    from scipy import ndimage

    edge = SHEET_PIXELS // 2
    y, x = np.mgrid[-edge : edge + 1, -edge : edge + 1]
    disc = y**2 + x**2 <= (edge + 0.5) ** 2
    # Beyond the border the image goes on as it ends, or the opening would eat a body larger than the field of view.
    opened = ndimage.binary_opening(np.pad(tissue, SHEET_PIXELS, mode="edge"), disc)
    parts, count = ndimage.label(opened[SHEET_PIXELS:-SHEET_PIXELS, SHEET_PIXELS:-SHEET_PIXELS])
    if not count:
        return np.zeros_like(tissue)
    patient = parts == 1 + int(np.argmax(np.bincount(parts.ravel())[1:]))
    return ~_reached_from_border(~patient)


def _reached_from_border(free: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The part of `free` that is connected, also by corners, to the image's border."""
    from scipy import ndimage

    parts, _ = ndimage.label(free, np.ones((3, 3)))
    border = np.concatenate([parts[0], parts[-1], parts[:, 0], parts[:, -1]])
    return np.asarray(np.isin(parts, border[border > 0]))
