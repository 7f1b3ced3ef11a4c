"""Label maps in the standard table's values, on the grid of their scan."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ctstudio.core.errors import GeometryError, MaskError
from ctstudio.core.grid import Grid
from ctstudio.core.labels import LabelMap, standard_table
from ctstudio.core.resample import labels_onto
from ctstudio.io.dataset_label_names import names_beside, standard_value
from ctstudio.io.dataset_pieces import Piece
from ctstudio.io.reading import read_labels

_KEPT_WARNING = 0.9
_LEAST_COVER = 0.5
_PROBES = 16


@dataclass(frozen=True)
class StandardLabels:
    """A label map fit for a data set.

    Attributes:
        array: (z, y, x) uint8, values of the standard table.
        voxels: Label name to voxels, in order of values.
        notes: What was done to it.
        named: Whether something said what its values mean; else they were taken as the standard table's.
        synthetic: Whether its file says that it was made.
    """

    array: NDArray[np.uint8]
    voxels: dict[str, int]
    notes: tuple[str, ...]
    named: bool
    synthetic: bool


def read_standard_labels(pieces: Sequence[Piece], grid: Grid, source: Path) -> StandardLabels:
    """Read the label map of a case, or its masks of single organs, onto a grid.

    Raises:
        InputError: It cannot be read, is a scan, shows nothing, names nothing that is known, or lies elsewhere.
    """
    if pieces[0].organ is not None:
        return _of_organs(pieces, grid)
    labels = read_labels(pieces[0].path)
    names = names_beside(pieces[0].path.parent, source)
    standard, notes, named = in_standard_values(labels, names)
    moved, told = _onto(standard, grid)
    return _checked(moved.array, (*notes, *told), named, labels.synthetic)


def counted(array: NDArray[np.uint8]) -> dict[str, int]:
    """Voxels of each label that occurs, by name."""
    counts = np.zeros(256, np.int64)
    for plane in array:
        counts += np.bincount(plane.ravel(), minlength=256)
    table = standard_table()
    return {table.by_value(int(v)).name: int(counts[v]) for v in np.flatnonzero(counts) if v}


def _of_organs(pieces: Sequence[Piece], grid: Grid) -> StandardLabels:
    array = np.zeros(grid.shape, np.uint8)
    notes: tuple[str, ...] = ()
    synthetic = False
    for piece in pieces:
        mask = read_labels(piece.path)
        synthetic = synthetic or mask.synthetic
        if not mask.array.any():
            continue
        moved, notes = _onto(mask, grid)
        array[moved.array > 0] = piece.organ or 0
    return _checked(array, (f"labels put together from {len(pieces)} masks of one organ each", *notes), True, synthetic)


def in_standard_values(labels: LabelMap, names: Mapping[int, str]) -> tuple[LabelMap, tuple[str, ...], bool]:
    """The same labels in the standard table's values.

    Args:
        labels: As read.
        names: What a `dataset.json` beside them says of their values; empty for what they say themselves.

    Returns:
        The labels, what was left out because the table does not know it, and whether anything named the values.

    Raises:
        MaskError: The table knows none of them.
    """
    standard = standard_table()
    table = np.zeros(256, np.uint8)
    strange = []
    named = bool(names) or labels.table != standard
    for value in labels.present():
        name = names.get(value, "unnamed") if names else labels.table.by_value(value).name
        found = standard_value(name)
        if found is None:
            strange.append(f"{name} ({value})")
        table[value] = found or 0
    notes = (f"labels without a place in the standard table left out: {', '.join(strange)}",) if strange else ()
    if strange and not table.any():
        raise MaskError(
            f"None of its labels is known: {', '.join(strange)}.",
            "Name them as TotalSegmentator does, in a dataset.json beside the files.",
        )
    return LabelMap(table[labels.array], labels.grid, standard, labels.synthetic, labels.name), notes, named


def _onto(labels: LabelMap, grid: Grid) -> tuple[LabelMap, tuple[str, ...]]:
    """The labels on a grid; refused when nothing of them lies on it, or when most of it was never drawn on."""
    if labels.grid.matches(grid):
        return labels, ()
    before = np.count_nonzero(labels.array) * labels.grid.voxel_volume_mm3
    moved = labels_onto(labels, grid)
    kept = np.count_nonzero(moved.array) * grid.voxel_volume_mm3 / max(before, 1e-9)
    if before and not kept:
        raise GeometryError("It lies outside the scan.", "Give the label map that was drawn on this scan.")
    cover = _cover(labels.grid, grid)
    if cover < _LEAST_COVER:
        raise GeometryError(
            f"It covers {cover:.0%} of the scan; the rest would count as background.",
            "Give a label map of the whole scan, or crop the scan to it.",
        )
    notes = [f"labels resampled onto the scan's grid ({_said(labels.grid)} to {_said(grid)})"]
    if kept < _KEPT_WARNING:
        notes.append(f"{1 - kept:.0%} of the labels lay outside the scan")
    if cover < _KEPT_WARNING:
        notes.append(f"the label map covers {cover:.0%} of the scan; the rest counts as background")
    return moved, tuple(notes)


def _cover(labels: Grid, scan: Grid) -> float:
    """Share of a scan that a label map covers, from voxels spread over the scan."""
    axes = [np.linspace(0, n - 1, min(n, _PROBES)) for n in scan.shape]
    points = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1)
    index = labels.to_index(scan.to_world(points))
    inside = np.all((index >= -0.5) & (index < np.asarray(labels.shape) - 0.5), axis=-1)
    return float(inside.mean())


def _checked(array: NDArray[Any], notes: tuple[str, ...], named: bool, synthetic: bool) -> StandardLabels:
    voxels = counted(array)
    if not voxels:
        raise MaskError("It is empty: no voxel has a label.", "Give a label map that shows something.")
    return StandardLabels(array, voxels, notes, named, synthetic)


def _said(grid: Grid) -> str:
    x, y, z = grid.spacing_mm
    return f"{x:.3g} x {y:.3g} x {z:.3g} mm"
