"""A folder of photographs as grey squares, for the stage on natural images."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ctstudio.core.errors import InputError

SUFFIXES = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp", ".webp")
DICOM_MARK, DICOM_MARK_AT = b"DICM", 128
FULL_SCALE = {"I;16": 65535.0, "I;16B": 65535.0, "I;16L": 65535.0, "I": 65535.0}
"""White of the grey modes that hold more than 8 bits."""


@dataclass(frozen=True)
class Photographs:
    """What a folder holds.

    Attributes:
        usable: Files, in the order of their names.
        skipped: One sentence for each file that cannot be used.
    """

    usable: tuple[Path, ...]
    skipped: tuple[str, ...]


def photographs_in(folder: Path, size: int) -> Photographs:
    """Look through a folder and its subfolders; only the headers are read.

    Args:
        folder: Where.
        size: Least width and height, pixels.

    Raises:
        InputError: No such folder, or no file in it can be used.
    """
    if not folder.is_dir():
        raise InputError(f"There is no folder {folder}.", "Name a folder of photographs as natural.data.folder.")
    usable, skipped = [], []
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        why = _unusable(path, size)
        if why is None:
            usable.append(path)
        elif why:
            skipped.append(f"{path.relative_to(folder)} is skipped: {why}.")
    if not usable:
        named = f" {skipped[0]}" if skipped else ""
        raise InputError(
            f"{folder} holds no photograph of {size} x {size} pixels or more.{named}",
            f"Give PNG, JPEG, TIFF, BMP or WebP files of at least {size} pixels each way.",
            "\n".join(skipped),
        )
    return Photographs(tuple(usable), tuple(skipped))


def grey_square(path: Path, size: int) -> NDArray[np.float32]:
    """The middle of a photograph, (size, size) float32 grey values in [0, 1]; colours by their luma, ITU-R 601.

    Raises:
        InputError: The file is damaged.
    """
    try:
        with Image.open(path) as image:
            white = FULL_SCALE.get(image.mode, 1.0 if image.mode == "F" else 255.0)
            grey = image if image.mode in (*FULL_SCALE, "F") else _on_black(image).convert("L")
            side = min(grey.size)
            left, top = (grey.width - side) // 2, (grey.height - side) // 2
            square = grey.crop((left, top, left + side, top + side)).convert("F")
            pixels = np.asarray(square.resize((size, size), Image.Resampling.BOX), np.float32) / white
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise InputError(f"{path} cannot be read: {error}.", "Remove it from the folder, or mend it.") from error
    return np.nan_to_num(pixels).clip(0.0, 1.0)


def _on_black(image: Image.Image) -> Image.Image:
    """What is transparent becomes black."""
    if image.mode not in ("RGBA", "LA", "PA") and "transparency" not in image.info:
        return image
    over = image.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", over.size, (0, 0, 0, 255)), over)


def _unusable(path: Path, size: int) -> str | None:
    """Why a file cannot be used, None where it can, empty for what is no picture and was not meant as one."""
    if path.suffix.lower() not in SUFFIXES:
        return "a DICOM file is no photograph" if _is_dicom(path) else ""
    try:
        with Image.open(path) as image:
            width, height = image.size
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        return f"it cannot be read ({error})"
    if min(width, height) < size:
        return f"{width} x {height} pixels are fewer than {size}"
    return None


def _is_dicom(path: Path) -> bool:
    if path.suffix.lower() in (".dcm", ".ima"):
        return True
    with path.open("rb") as stream:
        return stream.read(DICOM_MARK_AT + len(DICOM_MARK))[DICOM_MARK_AT:] == DICOM_MARK
