"""One stroke while it is being painted: what it changed, and what stood in its way."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ctstudio.core.labels import LabelTable
from ctstudio.core.volume import Volume
from ctstudio.session.delta import Delta
from ctstudio.session.refusal import Obstacles, Refusal, refusal
from ctstudio.session.region import Region, shape_of


@dataclass(frozen=True)
class PaintRule:
    """What a brush may do: the label it paints, what it spares, and whether it erases."""

    active: int
    locked: frozenset[int]
    range_hu: tuple[float, float] | None
    scan: Volume | None
    erase: bool

    @property
    def target(self) -> int:
        """The value that voxels get."""
        return 0 if self.erase else self.active

    def in_range(self, region: Region) -> NDArray[np.bool_] | None:
        """Where the scan lies in the HU range, or None when every voxel may be painted."""
        if self.range_hu is None or self.scan is None:
            return None
        values = self.scan.array[region]
        inside: NDArray[np.bool_] = (values >= self.range_hu[0]) & (values <= self.range_hu[1])
        return inside


class Stroke:
    """What one stroke has done so far.

    Attributes:
        rule: The rule of the last brush movement; None before the first.
    """

    def __init__(self, name: str) -> None:
        self.rule: PaintRule | None = None
        self._name = name
        self._flat: list[NDArray[np.int64]] = []
        self._old: list[NDArray[np.uint8]] = []
        self._obstacles = Obstacles()

    @property
    def changed_anything(self) -> bool:
        """Whether any voxel got another value."""
        return bool(self._flat)

    def paint(
        self,
        array: NDArray[np.uint8],
        slice_counts: NDArray[np.int64],
        region: Region,
        covered: NDArray[np.bool_],
        rule: PaintRule,
    ) -> Region | None:
        """Paint the covered voxels of one region and return the region when any of them changed."""
        box = array[region]
        wanted = covered & (box != rule.target)
        allowed = wanted
        for value in rule.locked:
            allowed = allowed & (box != value)
        if rule.target in rule.locked:
            allowed = np.zeros_like(wanted)
        unlocked = allowed
        in_range = rule.in_range(region)
        if in_range is not None:
            allowed = allowed & in_range
        place = np.nonzero(allowed)
        if not place[0].size:
            self._note_obstacles(box, covered, wanted, unlocked, rule)
            return None
        old = box[place]
        box[place] = rule.target
        self._flat.append(_flat_index(place, region, array.shape))
        self._old.append(old)
        _move_counts(slice_counts, place[0], old, rule.target, region)
        return region

    def delta(self, array: NDArray[np.uint8]) -> Delta:
        """All changes from before the stroke to the present state of the array."""
        shape = (array.shape[0], array.shape[1], array.shape[2])
        if not self._flat:
            return Delta.joined(shape, ())
        flat, first = np.unique(np.concatenate(self._flat), return_index=True)
        return Delta.of_voxels(shape, flat, np.concatenate(self._old)[first], array.reshape(-1)[flat])

    def title(self, table: LabelTable) -> str:
        """What undo shows: "Brush liver" or "Erase"."""
        if self._name or self.rule is None:
            return self._name or "Stroke"
        return "Erase" if self.rule.erase else f"Brush {table.by_value(self.rule.active).title}"

    def refusal(self, table: LabelTable) -> Refusal:
        """Why nothing changed."""
        rule = self.rule or PaintRule(0, frozenset(), None, None, False)
        locked = ", ".join(table.by_value(v).title for v in sorted(self._obstacles.locked or ()))
        low, high = rule.range_hu or (0.0, 0.0)
        label = "" if rule.erase else table.by_value(rule.active).title
        return refusal(self._obstacles, "erased" if rule.erase else "painted", label, locked, f"{low:g} to {high:g} HU")

    def _note_obstacles(
        self,
        box: NDArray[np.uint8],
        covered: NDArray[np.bool_],
        wanted: NDArray[np.bool_],
        unlocked: NDArray[np.bool_],
        rule: PaintRule,
    ) -> None:
        if self.changed_anything:
            return
        seen = self._obstacles
        seen.touched = seen.touched or bool(covered.any())
        seen.outside_range = seen.outside_range or bool(unlocked.any())
        if rule.target in rule.locked:
            seen.locked = (seen.locked or set()) | {rule.target}
        elif wanted.any():
            hit = {value for value in rule.locked if (box[wanted] == value).any()}
            seen.locked = (seen.locked or set()) | hit


def _flat_index(place: tuple[NDArray[np.intp], ...], region: Region, shape: tuple[int, ...]) -> NDArray[np.int64]:
    z, y, x = (part + side.start for part, side in zip(place, region, strict=True))
    flat: NDArray[np.int64] = ((z * shape[1] + y) * shape[2] + x).astype(np.int64)
    return flat


def _move_counts(
    slice_counts: NDArray[np.int64], z: NDArray[np.intp], old: NDArray[np.uint8], target: int, region: Region
) -> None:
    """Move the painted voxels from their old labels to the target in the counts of the region's slices."""
    slices = shape_of(region)[0]
    moved = np.bincount(z * 256 + old, minlength=slices * 256).reshape(slices, 256)
    part = slice_counts[region[0]]
    part -= moved
    part[:, target] += moved.sum(axis=1)
