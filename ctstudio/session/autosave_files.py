"""The files of an autosaved mask: the labelled slices as `.npy`, and a JSON that says what they are."""

from __future__ import annotations

import json
import os
import shutil
import uuid
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ctstudio.core.errors import GeometryError, UnreadableFile
from ctstudio.core.grid import Grid
from ctstudio.core.labels import Label, LabelMap, LabelTable

INDEX = "autosave.json"
_FORMAT = 1


@dataclass(frozen=True)
class Record:
    """A mask as it is kept: only the slices from the first to the last that hold a label.

    Attributes:
        name: The case's name.
        scan_path: Where the scan came from, or "".
        saved: UTC, ISO 8601.
        grid: The scan's grid.
        table: Names and colours.
        synthetic: Whether the labels belong to something made.
        first_slice: Number of the first slice kept.
        slices: (n, y, x) uint8.
    """

    name: str
    scan_path: str
    saved: str
    grid: Grid
    table: LabelTable
    synthetic: bool
    first_slice: int
    slices: NDArray[np.uint8]

    def labels(self) -> LabelMap:
        """The whole mask."""
        array = np.zeros(self.grid.shape, np.uint8)
        array[self.first_slice : self.first_slice + len(self.slices)] = self.slices
        return LabelMap(array, self.grid, self.table, self.synthetic, self.name)


def write_record(folder: Path, record: Record) -> None:
    """Write a record so that a crash at any moment leaves the older one whole.

    Raises:
        OSError: The disk is full or the folder cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    data = folder / f"mask-{uuid.uuid4().hex}.npy"
    staging = folder / f"{INDEX}.part"
    try:
        with data.open("wb") as stream:
            np.save(stream, record.slices, allow_pickle=False)
            stream.flush()
            os.fsync(stream.fileno())
        staging.write_text(json.dumps(_index(record, data.name)), encoding="utf-8")
        staging.replace(folder / INDEX)
    except OSError:
        data.unlink(missing_ok=True)
        raise
    for old in folder.glob("mask-*.npy"):
        if old != data:
            old.unlink(missing_ok=True)


def read_record(folder: Path) -> Record:
    """Read a record back.

    Raises:
        UnreadableFile: It is damaged.
    """
    try:
        index = json.loads((folder / INDEX).read_text(encoding="utf-8"))
        if index["format"] != _FORMAT:
            raise ValueError(f"format {index['format']!r}")
        grid = _grid(index["grid"])
        slices = np.load(folder / Path(index["slices"]).name, allow_pickle=False)
        first = int(index["first_slice"])
        if (
            slices.dtype != np.uint8
            or slices.shape[1:] != grid.shape[1:]
            or not 0 <= first <= grid.shape[0] - len(slices)
        ):
            raise ValueError("the slices do not fit their grid")
        table = LabelTable(tuple(Label(int(v), str(n), (int(r), int(g), int(b))) for v, n, (r, g, b) in index["table"]))
        return Record(
            str(index["name"]),
            str(index["scan_path"]),
            str(index["saved"]),
            grid,
            table,
            bool(index["synthetic"]),
            first,
            slices,
        )
    except (OSError, ValueError, KeyError, TypeError, GeometryError, EOFError) as error:
        raise UnreadableFile(
            "An autosaved mask is damaged and cannot be brought back.", "Delete its folder.", f"{folder}: {error!r}"
        ) from error


def remove_record(folder: Path) -> None:
    """Remove a record; the run's folder goes with its last one."""
    shutil.rmtree(folder, ignore_errors=True)
    with suppress(OSError):  # not empty, or gone already
        folder.parent.rmdir()


def _index(record: Record, data_name: str) -> dict[str, Any]:
    grid = record.grid
    return {
        "format": _FORMAT,
        "name": record.name,
        "scan_path": record.scan_path,
        "saved": record.saved,
        "grid": [grid.shape, grid.spacing_mm, grid.origin_mm, grid.direction],
        "table": [[label.value, label.name, label.colour] for label in record.table],
        "synthetic": record.synthetic,
        "first_slice": record.first_slice,
        "slices": data_name,
    }


def _grid(parts: Any) -> Grid:
    shape, spacing, origin, direction = parts
    z, y, x = (int(n) for n in shape)
    sx, sy, sz = (float(s) for s in spacing)
    ox, oy, oz = (float(o) for o in origin)
    return Grid((z, y, x), (sx, sy, sz), (ox, oy, oz), tuple((float(a), float(b), float(c)) for a, b, c in direction))
