"""Scans and label maps to NIfTI, NRRD and MHA: atomically, and equal input gives equal bytes."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from ctstudio.core.errors import ParameterError
from ctstudio.core.grid import Grid
from ctstudio.core.labels import LabelMap
from ctstudio.core.provenance import Provenance
from ctstudio.core.volume import Volume
from ctstudio.io import nifti
from ctstudio.io.compact import compacted
from ctstudio.io.marks import KEY, Marks, marks_of_labels, marks_of_volume
from ctstudio.io.storage import write_atomically
from ctstudio.io.text_headers import meta_header, nrrd_header, segment_pairs

_LEVEL = 4
WRITABLE = (".nii.gz", ".nii", ".nrrd", ".mha")


def write_volume(volume: Volume, path: Path, provenance: Provenance | None = None) -> None:
    """Write a scan; int16 when that loses nothing, float32 otherwise.

    Args:
        volume: Any orientation; spacing, origin and direction are kept.
        path: Ends in .nii.gz, .nii, .nrrd or .mha; an older file is replaced at once.
        provenance: Goes inside the file, without start time and duration.

    Raises:
        ParameterError: Another suffix.
        StorageError: Disk full or no permission; an older file stays as it was.
    """
    _write(compacted(volume.array), volume.grid, Path(path), marks_of_volume(volume, provenance))


def write_labels(labels: LabelMap, path: Path, provenance: Provenance | None = None) -> None:
    """Write labels as uint8, with the names of those present inside.

    Args:
        labels: Values 0 to 255.
        path: Ends in .nii.gz, .nii, .nrrd or .mha; an older file is replaced at once.
        provenance: Goes inside the file, without start time and duration.

    Raises:
        ParameterError: Another suffix.
        StorageError: Disk full or no permission; an older file stays as it was.
    """
    _write(labels.array.astype(np.uint8, copy=False), labels.grid, Path(path), marks_of_labels(labels, provenance))


def _write(array: NDArray[Any], grid: Grid, path: Path, marks: Marks) -> None:
    little = array.astype(array.dtype.newbyteorder("<"), copy=False)
    writer = _writer(path)

    def fill(stream: BinaryIO) -> None:
        writer(stream, little, grid, marks)

    write_atomically(path, fill)


def _writer(path: Path) -> Callable[[BinaryIO, NDArray[Any], Grid, Marks], None]:
    name = path.name.lower()
    for suffix, writer in zip(WRITABLE, (_packed_nifti, _nifti, _nrrd, _mha), strict=True):
        if name.endswith(suffix):
            return writer
    raise ParameterError(
        f"{path.name} cannot be written: its suffix names no format that keeps a volume.",
        f"End the name in one of {', '.join(WRITABLE)}.",
    )


def _packed_nifti(stream: BinaryIO, array: NDArray[Any], grid: Grid, marks: Marks) -> None:
    with _packed(stream) as packed:
        packed.write(nifti.header(grid, array.dtype, marks.text, marks.to_json()))
        _voxels(packed, array)


def _nifti(stream: BinaryIO, array: NDArray[Any], grid: Grid, marks: Marks) -> None:
    stream.write(nifti.header(grid, array.dtype, marks.text, marks.to_json()))
    _voxels(stream, array)


def _nrrd(stream: BinaryIO, array: NDArray[Any], grid: Grid, marks: Marks) -> None:
    stream.write(nrrd_header(grid, array.dtype, {**_pairs(marks), **segment_pairs(marks.labels)}))
    with _packed(stream) as packed:
        _voxels(packed, array)


def _mha(stream: BinaryIO, array: NDArray[Any], grid: Grid, marks: Marks) -> None:
    pairs = {key: value if key != KEY else value.replace(" ", "\\u0020") for key, value in _pairs(marks).items()}
    stream.write(meta_header(grid, array.dtype, pairs))
    _voxels(stream, array)


def _pairs(marks: Marks) -> dict[str, str]:
    return {"content": marks.text, KEY: marks.to_json()}


def _packed(stream: BinaryIO) -> gzip.GzipFile:
    """A gzip stream without name and time, so that its bytes depend on the content alone."""
    return gzip.GzipFile(filename="", mode="wb", compresslevel=_LEVEL, fileobj=stream, mtime=0)


def _voxels(stream: Any, array: NDArray[Any]) -> None:
    for plane in array:
        stream.write(np.ascontiguousarray(plane).tobytes())
