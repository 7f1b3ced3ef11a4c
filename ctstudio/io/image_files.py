"""Open one NIfTI, NRRD or MetaImage file: its image, our marks, and what has to be said about it."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ctstudio.core.errors import GeometryError, UnreadableFile
from ctstudio.core.labels import Label
from ctstudio.io import nifti
from ctstudio.io.marks import KEY, SYNTHETIC_TEXT, Marks
from ctstudio.io.meta_image import check_header
from ctstudio.io.text_headers import joined, segments_in

SUFFIXES = {
    ".nii.gz": "NiftiImageIO",
    ".nii": "NiftiImageIO",
    ".hdr": "NiftiImageIO",
    ".nrrd": "NrrdImageIO",
    ".nhdr": "NrrdImageIO",
    ".mha": "MetaImageIO",
    ".mhd": "MetaImageIO",
}
_REMEDY = "Give a NIfTI, NRRD or MHA file, or a folder with one DICOM series."


@dataclass(frozen=True)
class ImageFile:
    """An opened file.

    Attributes:
        image: SimpleITK image, as stored.
        marks: What we wrote inside, or None.
        synthetic: Whether the file says that it was made rather than acquired.
        segments: Names of labels, when the file holds them.
        notes: What the user should know.
    """

    image: Any
    marks: Marks | None
    synthetic: bool
    segments: tuple[Label, ...] = ()
    notes: tuple[str, ...] = ()


def suffix_of(path: Path) -> str:
    """The suffix of a known image format, "" for others."""
    name = path.name.lower()
    return next((suffix for suffix in SUFFIXES if name.endswith(suffix)), "")


def open_image(path: Path) -> ImageFile:
    """Open an image file with its marks.

    Raises:
        UnreadableFile: Missing, empty, truncated, damaged, not an image, or an unknown format.
        GeometryError: Axes that are not orthogonal.
    """
    check_readable(path)
    suffix = suffix_of(path)
    if not suffix:
        raise UnreadableFile(f"{path.name} has no image format that this program reads.", _REMEDY)
    if SUFFIXES[suffix] == "NiftiImageIO":
        facts = nifti.read_facts(path)
        image = _with_holes(read_image(path, SUFFIXES[suffix]), facts)
        synthetic = facts.description.startswith(SYNTHETIC_TEXT)
        told = () if facts.oriented else (f"{path.name} does not say how it lies in the patient; left may be right.",)
        return _image_file(image, facts.comment, synthetic, (), told)
    if SUFFIXES[suffix] == "MetaImageIO":
        check_header(path)
    image = read_image(path, SUFFIXES[suffix])
    pairs = _pairs(image)
    synthetic = pairs.get("content", "") == SYNTHETIC_TEXT
    return _image_file(image, joined(pairs, KEY), synthetic, segments_in(pairs), ())


def read_image(path: Path, kind: str) -> Any:
    """A file through one named reader of the image library, its warnings silenced.

    Raises:
        UnreadableFile: The library refuses it.
        GeometryError: Axes that are not orthogonal, or unusable spacing.
    """
    import SimpleITK

    SimpleITK.ProcessObject.SetGlobalWarningDisplay(False)
    reader = SimpleITK.ImageFileReader()
    reader.SetImageIO(kind)
    reader.SetFileName(str(path))
    try:
        return reader.Execute()
    except (RuntimeError, MemoryError) as error:
        text = str(error)
        if "orthonormal" in text or "pacing" in text or "irection" in text:
            raise GeometryError(
                f"{path.name} has axes that are not orthogonal, or a spacing of zero.",
                "Resample it to orthogonal axes first.",
                text,
            ) from error
        raise UnreadableFile(
            f"{path.name} cannot be read: it is truncated, damaged, or not the format that its name says.",
            _REMEDY,
            text,
        ) from error


def check_readable(path: Path) -> None:
    """Refuse what is not there, is empty, or may not be read.

    Raises:
        UnreadableFile: With the reason.
    """
    if not path.exists():
        raise UnreadableFile(f"{path} does not exist.", "Check the path.")
    try:
        with path.open("rb") as stream:
            first = stream.read(1)
    except OSError as error:
        raise UnreadableFile(
            f"{path.name} cannot be opened: {error.strerror}.", "Check its permissions.", repr(error)
        ) from error
    if not first:
        raise UnreadableFile(f"{path.name} is empty.", "Copy or download the file again.")


def _pairs(image: Any) -> dict[str, str]:
    """The header's texts by key; keys that are no text, of a damaged header, are left out."""
    pairs = {}
    for key in image.GetMetaDataKeys():
        with suppress(TypeError, UnicodeError):
            pairs[key] = image.GetMetaData(key)
    return pairs


def _with_holes(image: Any, facts: nifti.NiftiFacts) -> Any:
    """The image with its NaN and infinite voxels put back."""
    import SimpleITK

    if facts.holes.size == 0 or image.GetNumberOfComponentsPerPixel() != 1:
        return image
    array = SimpleITK.GetArrayFromImage(image)
    array.reshape(-1)[facts.holes] = facts.hole_values
    mended = SimpleITK.GetImageFromArray(array)
    mended.CopyInformation(image)
    return mended


def _image_file(
    image: Any, record: str, synthetic: bool, segments: tuple[Label, ...], notes: tuple[str, ...]
) -> ImageFile:
    marks = Marks.from_json(record) if record else None
    if marks is None:
        return ImageFile(image, None, synthetic, segments, notes)
    return ImageFile(image, marks, synthetic or marks.synthetic, marks.labels or segments, notes)
