"""What among the files of a folder may be meant as a mask, and what can never be one."""

from __future__ import annotations

from pathlib import Path

from ctstudio.core.errors import UnreadableFile
from ctstudio.io.dicom_headers import is_dicom
from ctstudio.io.image_files import suffix_of

_PICTURES = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".tif", ".tiff", ".webp")
_DICOM = (".dcm", ".ima")


def may_be_image(path: Path) -> bool:
    """Whether a file is an image of any kind, by its name or its first bytes."""
    ending = path.suffix.lower()
    return bool(suffix_of(path)) or ending in (*_PICTURES, *_DICOM) or is_dicom(path)


def check_kind(path: Path) -> None:
    """Refuse what is known to be no label volume, in words for its kind.

    Raises:
        UnreadableFile: It is DICOM or a picture.
    """
    if path.suffix.lower() in _DICOM or is_dicom(path):
        raise UnreadableFile("It is DICOM, not a label file.", "Convert it to NIfTI first.")
    if path.suffix.lower() in _PICTURES:
        kind = _kind_of_picture(path)
        raise UnreadableFile(
            f"It is {kind}, which does not say how large its pixels are or where it lies.",
            "Save the mask as NIfTI, NRRD or MHA, with its voxel spacing.",
        )


def _kind_of_picture(path: Path) -> str:
    from PIL import Image

    try:
        with Image.open(path) as picture:
            mode = picture.mode
    except (OSError, SyntaxError):
        return "a damaged picture"
    if mode in ("RGB", "RGBA", "P", "CMYK", "YCbCr", "HSV", "LAB"):
        return "a colour picture"
    return "a picture of 16 bits" if mode.startswith("I") else "a picture"
