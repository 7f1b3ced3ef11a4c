"""Branching trees that fill a cloud of leaves: bronchi and vessels."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]


def branches(
    root: Points, leaves: Points, radius_mm: float, thin: float = 0.8
) -> Iterator[tuple[Points, Points, float, float]]:
    """Segments (start, end, start radius, end radius) of a tree from `root` to a power of two of `leaves`.

    Each branching halves the leaves across the axis along which they spread most and moves towards the middle of
    each half; radii shrink by `thin` at each branching.
    Source: ours; the radius rule is Murray's law (0.79) for two equal daughters.
    """
    depth = int(np.log2(max(len(leaves), 1)))
    groups = leaves[: 2**depth][None]
    parents, radius = root[None], radius_mm
    for level in range(depth + 1):
        share = 0.5 if level < depth else 1.0
        ends = parents + share * (groups.mean(axis=1) - parents)
        for a, b in zip(parents, ends, strict=True):
            yield a, b, radius, radius * thin
        if level == depth:
            return
        groups = _halved(groups)
        parents, radius = np.repeat(ends, 2, axis=0), radius * thin


def _halved(groups: Points) -> Points:
    """(G, n, 3) to (2 G, n / 2, 3): each group cut across its longest axis."""
    axis = np.ptp(groups, axis=1).argmax(axis=1)
    order = np.take_along_axis(groups, axis[:, None, None], axis=2)[..., 0].argsort(axis=1)
    ordered = np.take_along_axis(groups, order[..., None], axis=1)
    return ordered.reshape(-1, groups.shape[1] // 2, 3)
