"""Which labels' surfaces lie behind the mask, without ever walking through the whole of it."""

from __future__ import annotations

import numpy as np

from ctstudio.session.painting import Painting
from ctstudio.session.region import Region, shape_of, union

_MOST_VOXELS = 4_000_000


class Due:
    """Collects what changed in a mask."""

    def __init__(self, mask: Painting) -> None:
        self._mask = mask
        self._counts = mask.slice_counts.copy()
        self._region: Region | None = None

    @property
    def waiting(self) -> bool:
        """Whether anything changed since `take`."""
        return self._region is not None

    def touched(self, region: Region) -> None:
        """A region of the mask changed."""
        self._region = union(self._region, region)

    def take(self) -> set[int]:
        """Labels that may have changed since the last call: those that are in the region now, or lost voxels there.

        A label that changed either has voxels in the region still, or fewer in one of its slices.
        """
        region, self._region = self._region, None
        if region is None:
            return set()
        counts = self._mask.slice_counts
        changed = {int(v) for v in np.flatnonzero((counts[region[0]] != self._counts[region[0]]).any(axis=0))}
        if int(np.prod(shape_of(region))) <= _MOST_VOXELS:
            changed |= {int(v) for v in np.flatnonzero(np.bincount(self._mask.array[region].ravel(), minlength=256))}
        else:
            changed |= set(self._mask.present())
        self._counts[region[0]] = counts[region[0]]
        return changed - {0}
