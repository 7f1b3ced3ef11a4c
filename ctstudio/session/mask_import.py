"""Bring labels from a file onto the grid of a scan, and say what that did to them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ctstudio.core.errors import GeometryError, MaskError
from ctstudio.core.grid import Grid
from ctstudio.core.labels import Label, LabelMap, LabelTable
from ctstudio.core.resample import labels_onto

_TOLD_LOSS = 0.05
"""A loss of labelled volume above this share is told. Source: ours."""


@dataclass(frozen=True)
class ImportedMask:
    """Labels on the scan's grid with the scan's label values, and what there is to say about it."""

    labels: LabelMap
    notes: tuple[str, ...]
    warnings: tuple[str, ...]


def onto_scan(labels: LabelMap, grid: Grid, table: LabelTable, as_label: int | None = None) -> ImportedMask:
    """Labels by physical space on another grid, with the values that `table` gives their names.

    Args:
        labels: The labels to import.
        grid: The scan's grid.
        table: The table in use; names that it lacks are added.
        as_label: Give every labelled voxel this one value instead.

    Raises:
        MaskError: No voxel has a label.
        GeometryError: The labels lie outside the scan.
    """
    present = labels.present()
    if not present:
        raise MaskError("The mask is empty: no voxel has a label.", "Choose a file that holds labels.")
    same = labels.grid.matches(grid)
    moved = labels_onto(labels, grid) if labels.grid.overlaps(grid) else None
    there = present if same else moved.present() if moved is not None else ()
    if moved is None or not there:
        raise GeometryError(
            "The mask and the scan lie in different places: no label falls inside the scan.",
            "Choose the mask that belongs to this scan.",
        )
    notes = () if same else (_what_was_done(labels.grid, grid),)
    warnings = () if same else _losses(labels, moved, present, there)
    if as_label is not None:
        array = np.where(moved.array > 0, np.uint8(as_label), np.uint8(0))
        return ImportedMask(LabelMap(array, grid, table, labels.synthetic, labels.name), notes, warnings)
    merged, values = _merged(table, labels.table, there)
    array = moved.array if all(values[v] == v for v in there) else values[moved.array]
    return ImportedMask(LabelMap(array, grid, merged, labels.synthetic, labels.name), notes, warnings)


def _losses(before: LabelMap, after: LabelMap, present: tuple[int, ...], there: tuple[int, ...]) -> tuple[str, ...]:
    """What got lost on the way, in sentences."""
    said = []
    gone = [before.table.by_value(v).title for v in present if v not in there]
    if gone:
        said.append(f"Not on the scan any more: {', '.join(gone)} (outside it, or smaller than its voxels).")
    volume = np.count_nonzero(before.array) * before.grid.voxel_volume_mm3
    kept = np.count_nonzero(after.array) * after.grid.voxel_volume_mm3
    lost = 1.0 - kept / volume
    if lost > _TOLD_LOSS:
        said.append(f"{lost:.0%} of the mask lies outside the scan and was left out.")
    return tuple(said)


def _merged(ours: LabelTable, theirs: LabelTable, present: tuple[int, ...]) -> tuple[LabelTable, np.ndarray]:
    """Our table with their missing names added, and a (256,) uint8 translation of their values into ours."""
    values = np.zeros(256, np.uint8)
    by_name = {label.name: label.value for label in ours}
    taken = {label.value for label in ours}
    added: list[Label] = []
    for value in present:
        label = theirs.by_value(value)
        if label.name not in by_name:
            free = value if value not in taken else next((v for v in range(255, 0, -1) if v not in taken), 0)
            if not free:
                raise MaskError("There are more than 255 different labels.", "Import fewer labels.")
            added.append(Label(free, label.name, label.colour))
            by_name[label.name] = free
            taken.add(free)
        values[value] = by_name[label.name]
    return (LabelTable((*ours.labels, *added)) if added else ours), values


def _what_was_done(before: Grid, after: Grid) -> str:
    if _size(before) == _size(after):
        return f"Mask placed on the scan's grid: same spacing ({_size(after)}), another field of view or orientation."
    return f"Mask resampled from {_size(before)} to {_size(after)}."


def _size(grid: Grid) -> str:
    x, y, z = grid.spacing_mm
    if max(x, y, z) - min(x, y, z) < 0.05:
        return f"{x:.1f} mm"
    return f"{x:.1f} × {y:.1f} × {z:.1f} mm"
