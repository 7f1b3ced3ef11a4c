"""What changed between two states of a label array, as runs of voxels: small, exact, and applied both ways."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ctstudio.session.region import Region

_CHUNK_VOXELS = 1 << 20


@dataclass(frozen=True)
class Delta:
    """Runs of neighbouring voxels in one row that all went from one value to another.

    Runs are in the order they were made. A voxel may occur more than once; what comes later counts.

    Attributes:
        shape: Shape of the array (z, y, x).
        starts: (runs,) int64, flat index of each run's first voxel.
        lengths: (runs,) int32, voxels of each run; a run never leaves its row.
        old: (runs,) uint8, value before.
        new: (runs,) uint8, value after.
    """

    shape: tuple[int, int, int]
    starts: NDArray[np.int64]
    lengths: NDArray[np.int32]
    old: NDArray[np.uint8]
    new: NDArray[np.uint8]

    @classmethod
    def of_voxels(
        cls,
        shape: tuple[int, int, int],
        flat: NDArray[np.int64],
        old: NDArray[np.uint8],
        new: NDArray[np.uint8],
    ) -> Delta:
        """The delta of voxels given by ascending flat index without repeats, each with its values."""
        changed = old != new
        flat, old, new = flat[changed], old[changed], new[changed]
        if not flat.size:
            return cls.joined(shape, ())
        opens = np.ones(flat.size, bool)
        opens[1:] = (np.diff(flat) != 1) | (flat[1:] % shape[2] == 0)
        opens[1:] |= (old[1:] != old[:-1]) | (new[1:] != new[:-1])
        first = np.flatnonzero(opens)
        lengths = np.diff(first, append=flat.size).astype(np.int32)
        return cls(shape, flat[first], lengths, old[first], new[first])

    @classmethod
    def between(cls, before: NDArray[np.uint8], after: NDArray[np.uint8]) -> Delta:
        """The delta from one (z, y, x) array to another of the same shape, found slice by slice."""
        shape = (before.shape[0], before.shape[1], before.shape[2])
        plane = shape[1] * shape[2]
        parts = []
        for z in range(shape[0]):
            a, b = before[z].ravel(), after[z].ravel()
            flat = np.flatnonzero(a != b)
            parts.append(cls.of_voxels(shape, flat.astype(np.int64) + z * plane, a[flat], b[flat]))
        return cls.joined(shape, parts)

    @classmethod
    def joined(cls, shape: tuple[int, int, int], parts: Iterable[Delta]) -> Delta:
        """Deltas made one after the other as one."""
        listed = list(parts)
        return cls(
            shape,
            np.concatenate([np.empty(0, np.int64), *(p.starts for p in listed)]),
            np.concatenate([np.empty(0, np.int32), *(p.lengths for p in listed)]),
            np.concatenate([np.empty(0, np.uint8), *(p.old for p in listed)]),
            np.concatenate([np.empty(0, np.uint8), *(p.new for p in listed)]),
        )

    @property
    def nbytes(self) -> int:
        """Memory held, bytes."""
        return self.starts.nbytes + self.lengths.nbytes + self.old.nbytes + self.new.nbytes

    @property
    def voxels(self) -> int:
        """How many changes of a voxel there were."""
        return int(self.lengths.sum())

    @property
    def region(self) -> Region | None:
        """The box around all that changed, or None when nothing did."""
        if not self.starts.size:
            return None
        rows, x = np.divmod(self.starts, self.shape[2])
        z, y = np.divmod(rows, self.shape[1])
        return (
            slice(int(z.min()), int(z.max()) + 1),
            slice(int(y.min()), int(y.max()) + 1),
            slice(int(x.min()), int((x + self.lengths).max())),
        )

    def reversed(self) -> Delta:
        """The way back."""
        return Delta(self.shape, self.starts[::-1], self.lengths[::-1], self.new[::-1], self.old[::-1])

    def apply(self, array: NDArray[np.uint8]) -> None:
        """Give every changed voxel of a C-contiguous (z, y, x) array its new value."""
        flat = array.reshape(-1)
        for part in self._chunks():
            lengths = self.lengths[part]
            before = np.cumsum(lengths, dtype=np.int64) - lengths
            index = np.repeat(self.starts[part] - before, lengths) + np.arange(int(lengths.sum()))
            flat[index] = np.repeat(self.new[part], lengths)

    def count_into(self, counts: NDArray[np.int64]) -> None:
        """Move the changed voxels from old to new value in a (z, 256) table of voxels by slice and label."""
        z = self.starts // (self.shape[1] * self.shape[2])
        np.subtract.at(counts, (z, self.old), self.lengths)
        np.add.at(counts, (z, self.new), self.lengths)

    def _chunks(self) -> Iterator[slice]:
        """Runs in groups of about a million voxels, to bound the memory of `apply`."""
        ends = np.cumsum(self.lengths, dtype=np.int64)
        first = 0
        while first < ends.size:
            done = int(ends[first - 1]) if first else 0
            last = max(int(np.searchsorted(ends, done + _CHUNK_VOXELS, side="right")), first + 1)
            yield slice(first, last)
            first = last
