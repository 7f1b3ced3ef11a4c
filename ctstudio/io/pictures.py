"""PNG pictures and contact sheets, with what they show written into them."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from ctstudio.core.provenance import Provenance
from ctstudio.io.marks import KEY, SYNTHETIC_TEXT, settled
from ctstudio.io.storage import write_atomically

_BACKGROUND = (16, 17, 20)
_TITLE = (235, 235, 235)
_CAPTION = (170, 175, 185)
_GAP = 6


def write_png(image: NDArray[np.uint8], path: Path, provenance: Provenance | None = None) -> None:
    """Write a picture; equal input gives equal bytes.

    Args:
        image: (y, x) grey or (y, x, 3) RGB, 0 to 255.
        path: The file to write or replace.
        provenance: Goes into a text chunk. When it is of something synthetic, SYNTHETIC stands in a corner.

    Raises:
        StorageError: Disk full or no permission; an older file stays as it was.
    """
    data = _png(image, provenance)

    def fill(stream: BinaryIO) -> None:
        stream.write(data)

    write_atomically(Path(path), fill)


def contact_sheet(
    rows: Sequence[Sequence[NDArray[np.uint8]]],
    row_titles: Sequence[str] = (),
    column_titles: Sequence[str] = (),
    captions: Sequence[Sequence[str]] = (),
) -> NDArray[np.uint8]:
    """Pictures in rows and columns on a dark ground, with titles.

    Args:
        rows: For each row its pictures, (y, x) grey or (y, x, 3) RGB, 0 to 255; rows may differ in length.
        row_titles: One a row, written to its left, several lines allowed.
        column_titles: One a column, written above it.
        captions: For each row the texts under its pictures.

    Returns:
        (y, x, 3) RGB, 0 to 255.
    """
    from PIL import Image, ImageDraw

    height = max((p.shape[0] for row in rows for p in row), default=1)
    width = max((p.shape[1] for row in rows for p in row), default=1)
    size = max(11, min(width // 14, 22))
    left = max((_text_width(title, size) for title in row_titles), default=0) + 3 * _GAP if row_titles else _GAP
    top = size + 3 * _GAP if column_titles else _GAP
    pitch = height + _GAP + (size + _GAP if captions else 0)
    columns = max((len(row) for row in rows), default=0)
    sheet = Image.new("RGB", (left + columns * (width + _GAP), top + len(rows) * pitch), _BACKGROUND)
    draw = ImageDraw.Draw(sheet)
    for number, title in enumerate(column_titles[:columns]):
        middle = left + number * (width + _GAP) + width // 2
        draw.text((middle, top // 2), _fitting(title, size, width), _TITLE, _font(size), anchor="mm")
    for number, title in enumerate(row_titles[: len(rows)]):
        middle = top + number * pitch + height // 2
        draw.multiline_text((2 * _GAP, middle), title, _TITLE, _font(size), anchor="lm")
    for r, row in enumerate(rows):
        texts = captions[r] if r < len(captions) else ()
        _paste_row(sheet, row, texts, (left, top + r * pitch, width, height), size - 1)
    return np.asarray(sheet)


def _paste_row(
    sheet: Any, row: Sequence[NDArray[np.uint8]], texts: Sequence[str], cell: tuple[int, int, int, int], size: int
) -> None:
    """Pictures from the cell (x, y, width, height) on to the right, each centred, its text below."""
    from PIL import Image, ImageDraw

    left, y, width, height = cell
    draw = ImageDraw.Draw(sheet)
    for number, picture in enumerate(row):
        x = left + number * (width + _GAP)
        inset = ((width - picture.shape[1]) // 2, (height - picture.shape[0]) // 2)
        sheet.paste(Image.fromarray(_rgb(picture)), (x + inset[0], y + inset[1]))
        if number < len(texts):
            text = _fitting(texts[number], size, width)
            draw.text((x + width // 2, y + height + _GAP // 2), text, _CAPTION, _font(size), anchor="ma")


def _png(image: NDArray[np.uint8], provenance: Provenance | None) -> bytes:
    from PIL import Image
    from PIL.PngImagePlugin import PngInfo

    info = PngInfo()
    info.add_text("Software", "CT Studio")
    shown = np.ascontiguousarray(image)
    record = settled(provenance)
    if record is not None:
        info.add_itxt(KEY, record.to_json())
        if record.synthetic:
            info.add_text("Description", SYNTHETIC_TEXT)
            shown = _stamped(shown)
    packed = io.BytesIO()
    Image.fromarray(shown).save(packed, "PNG", pnginfo=info, optimize=False)
    return packed.getvalue()


def _stamped(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The picture with SYNTHETIC in its lower left corner, white on black."""
    from PIL import Image, ImageDraw

    picture = Image.fromarray(image)
    font = _font(max(7, min(min(image.shape[:2]) // 24, 16)))
    draw = ImageDraw.Draw(picture)
    colours: tuple[Any, Any] = (0, 255) if image.ndim == 2 else ((0, 0, 0), (255, 255, 255))
    at = (3, image.shape[0] - 2)
    draw.rectangle(draw.textbbox(at, "SYNTHETIC", font, anchor="lb"), fill=colours[0])
    draw.text(at, "SYNTHETIC", colours[1], font, anchor="lb")
    return np.asarray(picture)


def _rgb(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.ascontiguousarray(np.stack([picture] * 3, axis=-1) if picture.ndim == 2 else picture)


def _font(size: int) -> Any:
    from PIL import ImageFont

    return ImageFont.load_default(size)


def _text_width(text: str, size: int) -> int:
    return max(int(_font(size).getlength(line)) + 1 for line in text.split("\n"))


def _fitting(text: str, size: int, width: int) -> str:
    """The text, cut with "…" where it is wider than its column; letters that the font lacks are spelled."""
    text = text.replace("σ", "SD").replace("ρ", "rho")
    if _text_width(text, size) <= width:
        return text
    cut = text
    while cut and _text_width(cut + "…", size) > width:
        cut = cut[:-1]
    return cut + "…"
