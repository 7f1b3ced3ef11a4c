"""Whether a volume that was made window by window shows where the windows end."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ctstudio.core.errors import GeometryError


def seam_score(
    array: NDArray[np.floating], borders: Sequence[Sequence[int]], where: NDArray[np.bool_] | None = None
) -> float:
    """Mean step between neighbours across window borders, over the mean step elsewhere; 1 where no seam shows.

    Args:
        array: (z, y, x), any unit.
        borders: For each axis the places k where a window begins or ends between voxels k - 1 and k.
        where: Same shape; only steps between two of its voxels count. None for all.

    Returns:
        NaN where there is no border, or no step elsewhere.

    Raises:
        GeometryError: The shapes differ, or there is not a list of borders for each axis.

    Source: ours.
    """
    if len(borders) != array.ndim or (where is not None and where.shape != array.shape):
        raise GeometryError(
            "Borders or mask do not fit the volume.", "Give borders for each axis, a mask of its shape."
        )
    sums, counts = np.zeros(2), np.zeros(2)
    for axis, places in enumerate(borders):
        steps = np.moveaxis(np.abs(np.diff(array.astype(np.float64), axis=axis)), axis, 0)
        counted = np.ones(steps.shape, bool) if where is None else _between(np.moveaxis(where, axis, 0))
        at_border = np.zeros(len(steps), bool)
        at_border[[k - 1 for k in places if 0 < k < array.shape[axis]]] = True
        for kind, planes in enumerate((at_border, ~at_border)):
            sums[kind] += steps[planes][counted[planes]].sum()
            counts[kind] += counted[planes].sum()
    if not counts.all() or not sums[1]:
        return float("nan")
    return float(sums[0] / counts[0] / (sums[1] / counts[1]))


def window_borders(length: int, starts: Sequence[int], patch: int) -> tuple[int, ...]:
    """Where windows of `patch` voxels with these starts begin or end inside a length, ascending."""
    ends = {*starts, *(start + patch for start in starts)}
    return tuple(sorted(k for k in ends if 0 < k < length))


def _between(where: NDArray[np.bool_]) -> NDArray[np.bool_]:
    return np.asarray(where[1:] & where[:-1])
