"""How a volume of any size is covered by windows, and how many of them go through a network at once.

Known from sizes alone, so that it can be said before the work begins.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from ctstudio.core.errors import GeometryError, ParameterError
from ctstudio.core.spoken import amount

LARGEST_BATCH = 8
"""Windows at a time beyond which a network is hardly quicker."""

Starts = tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]
"""Where windows begin along z, y and x."""


@dataclass(frozen=True)
class WindowPlan:
    """How a volume goes through a network window by window.

    Attributes:
        shape: Voxels (z, y, x) of the volume.
        patch: Edge of a window, voxels.
        overlap: Part of a window that its neighbour covers too, at least.
        starts: Where windows begin along each axis.
        batch: Windows that the network sees at once.
        bytes: Memory that they take, besides the network's weights.
    """

    shape: tuple[int, int, int]
    patch: int
    overlap: float
    starts: Starts
    batch: int
    bytes: int

    @property
    def windows(self) -> int:
        """How many there are."""
        return math.prod(len(axis) for axis in self.starts)

    @property
    def calls(self) -> int:
        """Calls of the network that go over the whole volume once."""
        return math.ceil(self.windows / self.batch)

    def __str__(self) -> str:
        size = " x ".join(map(str, self.shape))
        edge = f"{self.patch} x {self.patch} x {self.patch}"
        if self.windows == 1:
            return f"{size} voxels: a single window of {edge}, {amount(self.bytes)} of memory"
        return (
            f"{size} voxels: {self.windows} windows of {edge}, {self.batch} at a time, {self.overlap:.0%} overlap, "
            f"{amount(self.bytes)} of memory"
        )


def plan(
    shape: Sequence[int],
    patch: int,
    overlap: float,
    free_bytes: int,
    bytes_per_window: int,
    largest_batch: int = LARGEST_BATCH,
) -> WindowPlan:
    """As many windows at once as the memory holds.

    Args:
        shape: Voxels (z, y, x) of the volume, each at least `patch`.
        patch: Edge of a window, voxels.
        overlap: Part of a window that its neighbour covers too, 0 to below 1.
        free_bytes: Of the device that computes.
        bytes_per_window: What the network needs for one.
        largest_batch: More are not taken at once; fewer suit a processor.

    Raises:
        GeometryError: The volume is smaller than a window.
        ParameterError: Not even one window fits into the memory, or an overlap outside its range.
    """
    z, y, x = shape
    along = starts(z, patch, overlap), starts(y, patch, overlap), starts(x, patch, overlap)
    if bytes_per_window > free_bytes:
        raise ParameterError(
            f"A window of {patch} x {patch} x {patch} voxels takes about {amount(bytes_per_window)} of memory; "
            f"{amount(free_bytes)} are free.",
            f"Close other programs, give --dtype bf16 or --device cpu, or take a model with windows of {patch // 2}.",
        )
    batch = min(free_bytes // max(1, bytes_per_window), largest_batch, math.prod(map(len, along)))
    return WindowPlan((z, y, x), patch, overlap, along, batch, batch * bytes_per_window)


def starts(length: int, patch: int, overlap: float) -> tuple[int, ...]:
    """Where windows begin along an axis: 0, r, 2r ... and always at `length - patch`, so that the end is covered.

    Args:
        length: Voxels along the axis.
        patch: Of a window, at most `length`.
        overlap: Part of a window that its neighbour covers too, 0 to below 1; r is the rest of it.

    Raises:
        GeometryError: The axis is shorter than a window.
        ParameterError: An overlap outside its range.
    """
    if length < patch:
        raise GeometryError(f"{length} voxels are fewer than a window of {patch}.", "Add air around the volume.")
    if not 0 <= overlap < 1:
        raise ParameterError(f"Windows cannot overlap by {overlap:.0%}.", "Give an overlap from 0 to below 1.")
    stride = max(1, round(patch * (1 - overlap)))
    return (*range(0, length - patch, stride), length - patch)
