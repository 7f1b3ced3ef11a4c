"""Clean structures as a network reads them: stray pieces away, what they leave filled from around them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ctstudio.measure.chest_anatomy import Mask

LEAST_SHARE = 0.2
"""Of the largest piece's size: the other lung is larger than that, strays are not."""


def tidy_lobes(lobes: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Lobes (z, y, x) without strays: pieces outside the lungs go, pieces of a lobe inside another become that one."""
    from scipy import ndimage

    lungs = large_pieces(lobes > 0, LEAST_SHARE)
    kept = np.zeros_like(lobes)
    for number in np.unique(lobes[lungs]):
        kept[large_pieces((lobes == number) & lungs, 1.0)] = number
    if not kept.any():
        return kept
    nearest = ndimage.distance_transform_edt(kept == 0, return_distances=False, return_indices=True)
    return np.where(lungs, kept[tuple(nearest)], 0).astype(np.uint8)


def large_pieces(mask: Mask, least_share: float) -> Mask:
    """The connected pieces of a mask that have at least this share of the largest one's size; 1 for that alone."""
    from scipy import ndimage

    pieces, count = ndimage.label(mask)
    if not count:
        return mask
    sizes = np.bincount(pieces.ravel())
    sizes[0] = 0
    if least_share >= 1.0:
        return np.asarray(pieces == sizes.argmax())
    return np.asarray((sizes >= least_share * sizes.max())[pieces])
