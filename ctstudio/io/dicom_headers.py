"""The headers of DICOM files: which are images, of which series, and where each lies."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ctstudio.core.errors import UnreadableFile

_MOST_FILES = 50_000
_TAGS = [
    "SOPClassUID", "SOPInstanceUID", "SeriesInstanceUID", "SeriesDescription", "Modality", "ImageType",
    "Rows", "Columns", "NumberOfFrames", "ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing",
    "SliceThickness", "SpacingBetweenSlices", "RescaleType", "RescaleSlope", "RescaleIntercept", "Units",
]  # fmt: skip
_SYNTHETIC_DATA = (0x0008, 0x001C)
_NOT_SCANS = ("SEG", "RTSTRUCT", "RTDOSE", "RTPLAN", "RTRECORD", "SR", "PR", "KO", "REG", "FID", "DOC")


@dataclass(frozen=True)
class Slice:
    """The header of one DICOM image file.

    Attributes:
        path: The file.
        instance: SOP Instance UID.
        series: Series Instance UID, may be empty.
        description: Series description, may be empty.
        modality: "CT", "MR", ...
        size: (rows, columns), 0 when absent.
        frames: Number of frames.
        position_mm: Centre of the first voxel, (x, y, z) LPS, or None.
        orientation: Directions of a row and of a column, six numbers, or None.
        pixel_mm: (between rows, between columns), or None.
        thickness_mm: Spacing between slices or slice thickness, 0 when absent.
        localizer: Whether it is a planning image.
        synthetic: Whether it says that it was made rather than acquired.
        rescaled: Whether it says how stored values become its unit.
        units: Rescale type or PET units, may be empty.
    """

    path: Path
    instance: str
    series: str
    description: str
    modality: str
    size: tuple[int, int]
    frames: int
    position_mm: NDArray[np.float64] | None
    orientation: NDArray[np.float64] | None
    pixel_mm: tuple[float, float] | None
    thickness_mm: float
    localizer: bool
    synthetic: bool
    rescaled: bool
    units: str

    @property
    def is_image(self) -> bool:
        """Whether it holds pixels of a scan, not labels, contours, doses or reports."""
        return self.modality not in _NOT_SCANS and min(self.size) > 0


def is_dicom(path: Path) -> bool:
    """Whether a file begins as DICOM files do."""
    try:
        with path.open("rb") as stream:
            return stream.read(132)[128:] == b"DICM"
    except OSError:
        return False


def headers_in(folder: Path) -> tuple[tuple[Slice, ...], tuple[str, ...]]:
    """Headers of the DICOM files in a folder, or, when it holds no images, of those in the folders below it too.

    Returns:
        The headers, and the names of files whose header is damaged.

    Raises:
        UnreadableFile: More files than a scan can have, or a folder that may not be read.
    """
    try:
        return _headers_in(folder)
    except OSError as error:
        raise UnreadableFile(
            f"The folder {folder} cannot be read: {error.strerror}.", "Check its permissions.", repr(error)
        ) from error


def _headers_in(folder: Path) -> tuple[tuple[Slice, ...], tuple[str, ...]]:
    own = _headers(sorted(folder.iterdir()))
    if any(one.is_image for one in own[0]):
        return own
    below = sorted(islice(folder.rglob("*"), _MOST_FILES + 1))
    if len(below) > _MOST_FILES:
        raise UnreadableFile(f"{folder} holds more than {_MOST_FILES} files.", "Give the folder of one scan.")
    return _headers(below)


def read_header(path: Path) -> Slice:
    """The header of one DICOM file.

    Raises:
        UnreadableFile: Its header is damaged.
    """
    import pydicom

    tags: list[Any] = [*_TAGS, _SYNTHETIC_DATA]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return _slice(path, pydicom.dcmread(path, stop_before_pixels=True, specific_tags=tags))
    except Exception as error:  # whatever a damaged header makes the library raise
        raise UnreadableFile(
            f"{path.name} has a damaged DICOM header.", "Export the file again from where it came from.", repr(error)
        ) from error


def _headers(paths: Iterable[Path]) -> tuple[tuple[Slice, ...], tuple[str, ...]]:
    found, damaged = [], []
    for path in paths:
        if path.is_file() and is_dicom(path):
            try:
                found.append(read_header(path))
            except UnreadableFile:
                damaged.append(path.name)
    return tuple(found), tuple(damaged)


def _slice(path: Path, data: Any) -> Slice:
    kinds = [str(kind).strip().upper() for kind in _values(data, "ImageType") or []]
    pixel = _numbers(data, "PixelSpacing", 2)
    mark = data.get(_SYNTHETIC_DATA)
    return Slice(
        path=path,
        instance=str(data.get("SOPInstanceUID") or ""),
        series=str(data.get("SeriesInstanceUID") or ""),
        description=str(data.get("SeriesDescription") or "").strip(),
        modality=str(data.get("Modality") or "OT").strip(),
        size=(int(data.get("Rows") or 0), int(data.get("Columns") or 0)),
        frames=int(data.get("NumberOfFrames") or 1),
        position_mm=_numbers(data, "ImagePositionPatient", 3),
        orientation=_numbers(data, "ImageOrientationPatient", 6),
        pixel_mm=None if pixel is None else (float(pixel[0]), float(pixel[1])),
        thickness_mm=abs(float(data.get("SpacingBetweenSlices") or data.get("SliceThickness") or 0.0)),
        localizer="LOCALIZER" in kinds,
        synthetic="SYNTHETIC" in kinds or (mark is not None and str(mark.value).strip().upper() == "YES"),
        rescaled=data.get("RescaleSlope") is not None,
        units=str(data.get("Units") or data.get("RescaleType") or "").strip().upper(),
    )


def _numbers(data: Any, keyword: str, count: int) -> NDArray[np.float64] | None:
    values = _values(data, keyword)
    return np.array([float(v) for v in values]) if values and len(values) == count else None


def _values(data: Any, keyword: str) -> list[Any] | None:
    found = data.get(keyword)
    if found is None or found == "":
        return None
    return [found] if isinstance(found, str) else list(found)
