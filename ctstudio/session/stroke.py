"""One stroke while it is being painted: what it changed, and what stood in its way."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ctstudio.core.labels import LabelTable
from ctstudio.core.volume import Volume
from ctstudio.session.delta import Delta
from ctstudio.session.refusal import Obstacles, Refusal, refusal
from ctstudio.session.region import Region, shape_of

Covered = NDArray[np.bool_]


@dataclass(frozen=True)
class PaintRule:
    """What a brush may do.

    Attributes:
        active: The label it paints.
        locked: Labels it spares, and does not paint.
        range_hu: Lowest and highest HU that it paints on, or None.
        scan: Where the HU come from, or None.
        erase: Whether it takes labels away instead.
        open_values: (256,) True for the values that it may change; made from the others.
    """

    active: int
    locked: frozenset[int]
    range_hu: tuple[float, float] | None
    scan: Volume | None
    erase: bool
    open_values: NDArray[np.bool_] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        open_values = np.full(256, self.target not in self.locked)
        open_values[[self.target, *self.locked]] = False
        object.__setattr__(self, "open_values", open_values)

    @property
    def target(self) -> int:
        """The value that voxels get."""
        return 0 if self.erase else self.active

    def in_range(self, region: Region) -> Covered | None:
        """Where the scan lies in the HU range, or None when every voxel may be painted."""
        if self.range_hu is None or self.scan is None:
            return None
        values = self.scan.array[region]
        inside: Covered = (values >= self.range_hu[0]) & (values <= self.range_hu[1])
        return inside


class Stroke:
    """What one stroke has done so far.

    Attributes:
        rule: The rule of the last brush movement; None before the first.
    """

    def __init__(self, name: str) -> None:
        self.rule: PaintRule | None = None
        self._name = name
        self._parts: list[Delta] = []
        self._obstacles = Obstacles()

    @property
    def changed_anything(self) -> bool:
        """Whether any voxel got another value."""
        return bool(self._parts)

    def paint(
        self,
        array: NDArray[np.uint8],
        slice_counts: NDArray[np.int64],
        region: Region,
        covered: Covered,
        rule: PaintRule,
    ) -> Region | None:
        """Paint the covered voxels of one region and return the region when any of them changed.

        Args:
            array: (z, y, x) the labels, changed in place.
            slice_counts: (z, 256) voxels of each label in each slice, kept current.
            region: The box that is looked at.
            covered: What the brush covers, shape of the region.
            rule: What the brush may do.
        """
        box = array[region]
        unlocked = covered & rule.open_values[box]
        in_range = rule.in_range(region)
        place = np.nonzero(unlocked if in_range is None else unlocked & in_range)
        if not place[0].size:
            self._note_obstacles(box, covered, unlocked, rule)
            return None
        old = box[place]
        box[place] = rule.target
        new = np.full(old.size, rule.target, np.uint8)
        shape = (array.shape[0], array.shape[1], array.shape[2])
        self._parts.append(Delta.of_voxels(shape, _flat_index(place, region, shape), old, new))
        _move_counts(slice_counts, place[0], old, rule.target, region)
        return region

    def delta(self, shape: tuple[int, int, int]) -> Delta:
        """All changes, in the order they were made."""
        return Delta.joined(shape, self._parts)

    def title(self, table: LabelTable) -> str:
        """What undo shows: "Brush liver" or "Erase"."""
        if self._name or self.rule is None:
            return self._name or "Stroke"
        return "Erase" if self.rule.erase else f"Brush {table.by_value(self.rule.active).title}"

    def refusal(self, table: LabelTable) -> Refusal | None:
        """Why nothing changed; None when the brush was never set down."""
        if self.rule is None:
            return None
        locked = ", ".join(table.by_value(v).title for v in sorted(self._obstacles.locked))
        low, high = self.rule.range_hu or (0.0, 0.0)
        label = "" if self.rule.erase else table.by_value(self.rule.active).title
        verb = "erased" if self.rule.erase else "painted"
        return refusal(self._obstacles, verb, label, locked, f"{low:g} to {high:g} HU")

    def _note_obstacles(self, box: NDArray[np.uint8], covered: Covered, unlocked: Covered, rule: PaintRule) -> None:
        if self.changed_anything:
            return
        seen = self._obstacles
        seen.touched = seen.touched or bool(covered.any())
        seen.outside_range = seen.outside_range or bool(unlocked.any())
        if rule.target in rule.locked:
            seen.locked.add(rule.target)
        else:
            seen.locked.update(rule.locked.intersection(box[covered].tolist()))


def _flat_index(place: tuple[NDArray[np.intp], ...], region: Region, shape: tuple[int, int, int]) -> NDArray[np.int64]:
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
