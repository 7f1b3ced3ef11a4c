"""Scans and label maps from files, in LPS orientation, with what they are and whether they are synthetic."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ctstudio.core.errors import MaskError, UnreadableFile
from ctstudio.core.labels import LabelMap, LabelTable, standard_table
from ctstudio.core.volume import Modality, Unit, Volume
from ctstudio.io.compact import compacted
from ctstudio.io.dicom_headers import is_dicom
from ctstudio.io.dicom_series import read_series
from ctstudio.io.guessing import looks_like_hu, scan_reason
from ctstudio.io.image_files import ImageFile, check_readable, open_image, suffix_of
from ctstudio.io.marks import table_with
from ctstudio.io.placing import placed


def read_volume(path: Path) -> Volume:
    """Read a scan.

    Args:
        path: .nii, .nii.gz, .hdr (NIfTI pair), .nrrd, .mha, .mhd, a DICOM folder, or one file of a DICOM series
            (then the whole series of that file in its folder is read).

    Returns:
        The scan in LPS orientation; int16 when that loses nothing, else float32. NaN voxels are kept.

    Raises:
        UnreadableFile: Missing, empty, truncated, damaged, or not an image.
        GeometryError: Slices that form no volume, several frames, too few voxels, unusable axes.
    """
    return read_volume_with_notes(path)[0]


def read_volume_with_notes(path: Path) -> tuple[Volume, tuple[str, ...]]:
    """As `read_volume`, with what the user should know, for example which other series were left out."""
    path = Path(path)
    if not path.exists():
        raise UnreadableFile(f"{path} does not exist.", "Check the path.")
    if path.is_dir():
        return read_series(path)
    check_readable(path)
    if is_dicom(path):
        return read_series(path.parent, path)
    opened = open_image(path)
    return _volume(opened, path), opened.notes


def read_labels(path: Path, table: LabelTable | None = None) -> LabelMap:
    """Read labels.

    Args:
        path: As in `read_volume`, except DICOM. Whole numbers 0 to 255, also when stored as floats.
        table: Names and colours; by default the standard table, in which names that the file holds win.

    Returns:
        The labels in LPS orientation.

    Raises:
        UnreadableFile: Missing, empty, truncated, damaged, not an image, or DICOM.
        MaskError: The file looks like a scan.
        GeometryError: Several frames, too few voxels, unusable axes.
    """
    return read_labels_with_notes(path, table)[0]


def read_labels_with_notes(path: Path, table: LabelTable | None = None) -> tuple[LabelMap, tuple[str, ...]]:
    """As `read_labels`, with what the user should know, for example that left and right are not sure."""
    path = Path(path)
    if path.is_dir() or (path.is_file() and is_dicom(path)):
        kind = "a folder" if path.is_dir() else "DICOM"
        raise UnreadableFile(f"{path.name} is {kind}, not a label file.", "Give the labels as NIfTI, NRRD or MHA.")
    opened = open_image(path)
    array, grid = placed(opened.image, path.name)
    reason = scan_reason(array)
    if reason:
        raise MaskError(
            f"{path.name} looks like a scan, not like labels: {reason}.",
            "Open it as a scan, or give a file of whole numbers from 0 to 255.",
        )
    names = table if table is not None else table_with(opened.segments, standard_table())
    return LabelMap(array.astype(np.uint8), grid, names, opened.synthetic, stem(path)), opened.notes


def looks_like_labels(source: Path | str | Volume) -> bool:
    """Whether a file or a volume holds labels rather than a scan.

    Raises:
        UnreadableFile, GeometryError: The file cannot be read.
    """
    if isinstance(source, Volume):
        return source.unit == "arbitrary" and not scan_reason(source.array)
    path = Path(source)
    if path.is_dir() or (path.is_file() and is_dicom(path)):
        return False
    opened = open_image(path)
    if opened.marks is not None:
        return opened.marks.kind == "labels"
    return bool(opened.segments) or not scan_reason(placed(opened.image, path.name)[0])


def stem(path: Path) -> str:
    """A file's name without the suffix of its format."""
    return path.name[: len(path.name) - len(suffix_of(path))] or path.name


def _volume(opened: ImageFile, path: Path) -> Volume:
    array, grid = placed(opened.image, path.name)
    voxels = compacted(array)
    modality, unit = _meaning(opened, looks_like_hu(voxels))
    return Volume(voxels, grid, modality, unit, opened.synthetic, stem(path))


def _meaning(opened: ImageFile, is_hu: bool) -> tuple[Modality, Unit]:
    if opened.marks is not None and opened.marks.kind == "volume":
        return opened.marks.modality, opened.marks.unit
    return ("CT", "HU") if is_hu else ("OT", "arbitrary")
