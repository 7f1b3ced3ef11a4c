"""The DICOM series in a folder, and whose they are."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from ctstudio.catalog.dataset import Kind
from ctstudio.core.errors import UnreadableFile
from ctstudio.io.dicom_headers import Slice, is_dicom, read_header

_KINDS: dict[str, Kind] = {"CT": "ct", "PT": "pet", "MR": "mr"}
_IDENTITY = ["PatientID", "PatientName", "OtherPatientIDs", "AccessionNumber", "FrameOfReferenceUID"]


@dataclass(frozen=True)
class Series:
    """One DICOM series of one folder.

    Attributes:
        first: A file of it.
        uid: Series Instance UID, may be empty.
        kind: What it is; None for what a data set cannot hold.
        modality: "CT", "SEG", ...
        files: How many files it has.
        voxels: Of all its files.
        patient: Patient ID, may be empty. Never written anywhere.
        secrets: Patient ID, names, accession number. Never written anywhere.
        frame: Frame of Reference UID, may be empty; images that share it lie in one space.
    """

    first: Path
    uid: str
    kind: Kind | None
    modality: str
    files: int
    voxels: int
    patient: str
    secrets: tuple[str, ...]
    frame: str


def series_in(paths: Iterable[Path]) -> tuple[list[Series], list[Path]]:
    """The series of the DICOM files among some files of one folder, and the files whose header is damaged."""
    groups: dict[tuple[str, str], list[Slice]] = {}
    damaged = []
    for path in paths:
        if not is_dicom(path):
            continue
        try:
            one = read_header(path)
        except UnreadableFile:
            damaged.append(path)
            continue
        groups.setdefault((one.series, one.modality), []).append(one)
    return [_series(groups[key]) for key in sorted(groups)], damaged


def _series(slices: list[Slice]) -> Series:
    first = slices[0]
    patient, secrets, frame = _identity(first.path)
    kind = _KINDS.get(first.modality) if first.is_image else None
    voxels = sum(one.size[0] * one.size[1] * one.frames for one in slices)
    return Series(first.path, first.series, kind, first.modality, len(slices), voxels, patient, secrets, frame)


def _identity(path: Path) -> tuple[str, tuple[str, ...], str]:
    """Patient ID, what must never be written, and the frame of reference of a file whose header could be read."""
    import pydicom

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        data = pydicom.dcmread(path, stop_before_pixels=True, specific_tags=list(_IDENTITY))
        found = {keyword: str(data.get(keyword) or "").strip() for keyword in _IDENTITY}
    names = found["PatientName"].replace("^", " ").replace("=", " ").split()
    secrets = (found["PatientID"], found["OtherPatientIDs"], found["AccessionNumber"], *names)
    return found["PatientID"], tuple(one for one in secrets if one), found["FrameOfReferenceUID"]
