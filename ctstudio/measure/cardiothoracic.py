"""The cardiothoracic ratio, from axial slices."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ctstudio.core.errors import MaskError
from ctstudio.measure.chest_anatomy import ChestAnatomy, Mask

EDGE_SHARE = 0.02
"""Of a slice's heart voxels on either side that count as strays, not as its border."""


def cardiothoracic_ratio(anatomy: ChestAnatomy) -> float:
    """Largest width of the heart over the width of the thorax in the same axial slice.

    The thorax is what lungs, heart and pleural fluid span.

    Args:
        anatomy: With its heart.

    Raises:
        MaskError: There is no heart, or no lung beside it.

    Source: MedSyn, section V-C. Differs: the paper does not say what spans the thorax.
    """
    heart = anatomy.heart
    if heart is None or not heart.any():
        raise MaskError("There is no heart to measure.", "Give an anatomy in which it was looked for.")
    spans = _widths(heart, EDGE_SHARE)
    inside = anatomy.lungs | heart | (anatomy.effusion if anatomy.effusion is not None else np.zeros_like(heart))
    level = int(np.argmax(spans))
    if not anatomy.lungs[level].any():
        raise MaskError("There is no lung beside the heart.", "Give a CT of the whole chest.")
    return float(spans[level] / _widths(inside[level : level + 1])[0])


def _widths(mask: Mask, stray_share: float = 0.0) -> NDArray[np.int64]:
    """Extent along x in each axial slice, in voxels; 0 where there is nothing."""
    columns = mask.sum(axis=1)  # (z, x)
    filled = np.cumsum(columns, axis=1)
    total = filled[:, -1:]
    within = (filled > stray_share * total) & (filled - columns < (1.0 - stray_share) * total) & (total > 0)
    first, last = within.argmax(axis=1), within.shape[1] - within[:, ::-1].argmax(axis=1)
    return np.where(within.any(axis=1), last - first, 0)
