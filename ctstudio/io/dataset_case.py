"""One case: read, checked, brought onto one grid, in the types that a data set keeps."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ctstudio.catalog.dataset import Kind, Skipped
from ctstudio.catalog.model_card import Range
from ctstudio.core.errors import GeometryError, InputError
from ctstudio.core.grid import Grid
from ctstudio.core.provenance import digest
from ctstudio.core.resample import volume_onto
from ctstudio.core.volume import Volume
from ctstudio.io.dataset_checks import check_image, percentiles
from ctstudio.io.dataset_grouping import FoundCase
from ctstudio.io.dataset_labels import read_standard_labels
from ctstudio.io.dataset_pieces import Piece
from ctstudio.io.reading import read_volume_with_notes

_AIR_HU, _TOP_HU = -1024, 32767
_IMAGES: tuple[Kind, ...] = ("ct", "mr", "pet")
_WORDS: dict[Kind, str] = {"ct": "CT", "pet": "PET", "mr": "MR"}


@dataclass
class PreparedCase:
    """What is written of one case.

    Attributes:
        grid: Of all its arrays.
        digest: sha256 of the voxels of its first image.
        arrays: Kind to (z, y, x): ct int16 HU, labels uint8, pet float32 SUV, mr float32.
        report: Text, "" when there is none.
        hu: 0.5th to 99.5th percentile of the CT.
        label_voxels: Label name to voxels.
        notes: What was done to it.
        skipped: What of it was left out.
        named_labels: Whether something said what the values of its labels mean.
        synthetic: Whether any of it was made rather than acquired.
    """

    grid: Grid
    digest: str
    arrays: dict[Kind, NDArray[Any]]
    report: str = ""
    hu: Range | None = None
    label_voxels: dict[str, int] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)
    named_labels: bool = True
    synthetic: bool = False


def prepare(case: FoundCase, least_slices: int) -> PreparedCase:
    """Read and check a case. What only adds to its first image (CT, else MR, else PET) may fail; then it is left out.

    Raises:
        InputError: Its first image cannot be used.
    """
    first = next(piece for kind in _IMAGES for piece in case.of(kind))
    prepared = _begun(first, least_slices)
    for kind in _IMAGES:
        for piece in case.of(kind):
            if piece is not first:
                _add_image(prepared, piece, kind, least_slices)
    _add_labels(prepared, case)
    for piece in case.of("report"):
        _add_report(prepared, piece)
    return prepared


def _begun(piece: Piece, least_slices: int) -> PreparedCase:
    kind = piece.kind or "ct"
    volume, notes = _read(piece, kind, least_slices)
    array, told = _as_kept(volume, kind)
    hu = percentiles(array) if kind == "ct" else None
    made = PreparedCase(volume.grid, digest(array), {kind: array}, hu=hu, synthetic=volume.synthetic)
    made.notes += [*notes, *told]
    return made


def _read(piece: Piece, kind: Kind, least_slices: int) -> tuple[Volume, tuple[str, ...]]:
    volume, notes = read_volume_with_notes(piece.path)
    check_image(volume, kind, least_slices)
    return volume, notes


def _as_kept(volume: Volume, kind: Kind) -> tuple[NDArray[Any], list[str]]:
    """The voxels in the type that a data set keeps, little endian, and what that changed."""
    if kind != "ct":
        return np.ascontiguousarray(volume.array, np.dtype("<f4")), []
    notes = []
    array = volume.array
    if array.dtype.kind == "f":
        array = np.rint(array)
        notes.append("HU rounded to whole numbers")
    if array.min() < _AIR_HU or array.max() > _TOP_HU:
        notes.append(f"HU from {array.min():g} to {array.max():g} clipped to {_AIR_HU} and above")
        array = np.clip(array, _AIR_HU, _TOP_HU)
    return np.ascontiguousarray(array, np.dtype("<i2")), notes


def _add_image(prepared: PreparedCase, piece: Piece, kind: Kind, least_slices: int) -> None:
    """A further image on the first one's grid."""
    try:
        volume, notes = _read(piece, kind, least_slices)
        if not volume.grid.overlaps(prepared.grid):
            raise GeometryError(
                f"This {_WORDS[kind]} lies elsewhere in space than the case's first image.",
                "Give images of one patient.",
            )
    except InputError as error:
        prepared.skipped.append(_skipped(piece, error))
        return
    if not volume.grid.matches(prepared.grid):
        prepared.notes.append(f"{_WORDS[kind]} resampled onto the first image's grid, 0 outside it")
    moved = volume_onto(volume, prepared.grid, 0.0)
    prepared.arrays[kind] = np.ascontiguousarray(moved.array, np.dtype("<f4"))
    prepared.notes += notes
    prepared.synthetic = prepared.synthetic or volume.synthetic


def _add_labels(prepared: PreparedCase, case: FoundCase) -> None:
    pieces = case.of("labels")
    if not pieces:
        return
    try:
        labels = read_standard_labels(pieces, prepared.grid, case.folder)
    except InputError as error:
        prepared.skipped.append(_skipped(pieces[0], error))
        return
    prepared.arrays["labels"] = np.ascontiguousarray(labels.array, np.uint8)
    prepared.label_voxels = labels.voxels
    prepared.named_labels = labels.named
    prepared.notes += labels.notes
    prepared.synthetic = prepared.synthetic or labels.synthetic


def _add_report(prepared: PreparedCase, piece: Piece) -> None:
    try:
        prepared.report = piece.path.read_text("utf-8-sig").strip()
    except (OSError, UnicodeDecodeError) as error:
        why = f"This report cannot be read as UTF-8 text: {type(error).__name__}."
        prepared.skipped.append(Skipped(path=piece.place, why=why, remedy="Save it as UTF-8."))
        return
    if not prepared.report:
        prepared.skipped.append(Skipped(path=piece.place, why="This report is empty."))


def _skipped(piece: Piece, error: InputError) -> Skipped:
    return Skipped(path=piece.place, why=error.message, remedy=error.remedy)
