"""A box of voxels: what has to be drawn again after a change."""

from __future__ import annotations

Region = tuple[slice, slice, slice]
"""Half-open ranges of (z, y, x), with whole start and stop."""


def whole(shape: tuple[int, int, int]) -> Region:
    """The region of an entire grid."""
    return slice(0, shape[0]), slice(0, shape[1]), slice(0, shape[2])


def union(a: Region | None, b: Region | None) -> Region | None:
    """The smallest region that holds both; None stands for nothing."""
    if a is None or b is None:
        return a or b
    z, y, x = (slice(min(i.start, j.start), max(i.stop, j.stop)) for i, j in zip(a, b, strict=True))
    return z, y, x


def shape_of(region: Region) -> tuple[int, int, int]:
    """Voxels of a region along (z, y, x)."""
    z, y, x = (part.stop - part.start for part in region)
    return z, y, x
