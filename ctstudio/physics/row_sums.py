"""Weighted sums of rows of a table: what projection and back-projection are made of.

A row holds one place of every slice, so that a sum is worked out for all slices at once and places and weights, which
depend on the geometry alone, are found only once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache, wraps

import torch
from torch import Tensor
from torch.nn import functional

SUMMANDS_AT_ONCE = 2**21
"""Summands that are worked out together: few enough for the memory near the cores, enough to keep them busy."""

SUMMANDS_KEPT = 2**25
"""Summands up to which a geometry's places and weights are kept for the next slices, 8 bytes each."""


@dataclass(frozen=True)
class RowSums:
    """Some sums, one after the other.

    Attributes:
        place: (E,) int32, row of the table of each summand.
        weight: (E,) float32.
        begin: (S + 1,) int32, where each sum begins in the two, and the end of the last.
    """

    place: Tensor
    weight: Tensor
    begin: Tensor

    def of(self, table: Tensor) -> Tensor:
        """The sums (S, C) over rows of a table (R, C), float32. The same for a row whatever the others are."""
        return functional.embedding_bag(
            self.place, table, self.begin, mode="sum", per_sample_weights=self.weight, include_last_offset=True
        )


@dataclass(frozen=True)
class HalfTurn:
    """The angles of half a turn, as those of a quarter turn and of the slice turned by 90 degrees.

    Attributes:
        angles: Of the half turn.
        turns: 2; 1 when an odd number of angles has no such halves.
    """

    angles: int

    @property
    def turns(self) -> int:
        """How many turned slices share their places and weights."""
        return 2 if self.angles % 2 == 0 else 1

    @property
    def own(self) -> int:
        """Angles whose places and weights are worked out."""
        return self.angles // self.turns

    def directions(self, device: torch.device) -> tuple[Tensor, Tensor]:
        """Cosine and sine of those angles, (own,) float32."""
        angle = torch.arange(self.own, dtype=torch.float64) * (torch.pi / self.angles)
        return angle.cos().float().to(device), angle.sin().float().to(device)


Geometry = Callable[[int, int, torch.device], Iterable[RowSums]]
"""Side of the slice in pixels, angles and device, to the sums of that geometry."""


def kept_when_small(taps: int) -> Callable[[Geometry], Geometry]:
    """Keep the sums of the last two geometries for the next slices, where they do not take too much memory.

    Args:
        taps: Summands for each pixel and angle.
    """

    def keeping(make: Geometry) -> Geometry:
        keep = lru_cache(maxsize=2)(lambda n, angles, device: tuple(make(n, angles, device)))

        @wraps(make)
        def sums(n: int, angles: int, device: torch.device) -> Iterable[RowSums]:
            small = n * n * HalfTurn(angles).own * taps <= SUMMANDS_KEPT
            return keep(n, angles, device) if small else make(n, angles, device)

        return sums

    return keeping


def batches(count: int, summands_each: int) -> Iterable[slice]:
    """Parts of `count` angles that are worked out together."""
    size = max(1, SUMMANDS_AT_ONCE // summands_each)
    return (slice(first, min(first + size, count)) for first in range(0, count, size))
