"""Headers of the two formats that begin with text: NRRD and MetaImage.

Source: the NRRD format definition (NRRD0004) and the MetaIO header description.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from ctstudio.core.grid import Grid
from ctstudio.core.labels import Colour, Label

_NRRD_TYPES = {"u1": "uint8", "i2": "int16", "f4": "float"}
_META_TYPES = {"u1": "MET_UCHAR", "i2": "MET_SHORT", "f4": "MET_FLOAT"}
_META_VALUE_LENGTH = 3000


def nrrd_header(grid: Grid, dtype: np.dtype[Any], pairs: Mapping[str, str]) -> bytes:
    """Header of a `.nrrd` file whose gzip data follow; `pairs` are its key-value lines."""
    axes = " ".join(f"({_numbers(grid.affine[:3, k], ',')})" for k in range(3))
    lines = [
        "NRRD0004",
        f"type: {_NRRD_TYPES[dtype.str[1:]]}",
        "dimension: 3",
        "space: left-posterior-superior",
        f"sizes: {_numbers(grid.shape[::-1])}",
        f"space directions: {axes}",
        "kinds: domain domain domain",
        "endian: little",
        "encoding: gzip",
        f"space origin: ({_numbers(grid.origin_mm, ',')})",
        *(f"{key}:={value.replace(chr(92), chr(92) * 2)}" for key, value in pairs.items()),
    ]
    return ("\n".join(lines) + "\n\n").encode()


def meta_header(grid: Grid, dtype: np.dtype[Any], pairs: Mapping[str, str]) -> bytes:
    """Header of a `.mha` file whose plain data follow.

    Long values are cut into numbered keys, because MetaIO reads lines of a limited length.
    """
    lines = [
        "ObjectType = Image",
        "NDims = 3",
        "BinaryData = True",
        "BinaryDataByteOrderMSB = False",
        "CompressedData = False",
        f"TransformMatrix = {_numbers(np.asarray(grid.direction).T.ravel())}",
        f"Offset = {_numbers(grid.origin_mm)}",
        "CenterOfRotation = 0 0 0",
        f"ElementSpacing = {_numbers(grid.spacing_mm)}",
        f"DimSize = {_numbers(grid.shape[::-1])}",
        *(f"{key} = {value}" for key, value in _in_pieces(pairs)),
        f"ElementType = {_META_TYPES[dtype.str[1:]]}",
        "ElementDataFile = LOCAL",
    ]
    return ("\n".join(lines) + "\n").encode()


def joined(pairs: Mapping[str, str], key: str) -> str:
    """The value of a key, put together again when it was cut into numbered keys; "" when absent."""
    pieces = sorted(name for name in pairs if name.startswith(f"{key}_") and name[len(key) + 1 :].isdigit())
    return pairs.get(key, "") or "".join(pairs[name] for name in pieces)


def segment_pairs(labels: Iterable[Label]) -> dict[str, str]:
    """Key-value lines by which 3D Slicer names segments."""
    pairs = {}
    for number, label in enumerate(labels):
        pairs[f"Segment{number}_ID"] = f"Segment_{label.value}"
        pairs[f"Segment{number}_Name"] = label.name
        pairs[f"Segment{number}_LabelValue"] = str(label.value)
        pairs[f"Segment{number}_Layer"] = "0"
        pairs[f"Segment{number}_Color"] = " ".join(f"{c / 255:.6f}" for c in label.colour)
    return pairs


def segments_in(pairs: Mapping[str, str]) -> tuple[Label, ...]:
    """The labels that `segment_pairs` or 3D Slicer wrote, by value; () when there are none."""
    found = {}
    for number in range(256):
        name, value = pairs.get(f"Segment{number}_Name"), pairs.get(f"Segment{number}_LabelValue", "")
        if name and value.isdecimal() and 0 < int(value) < 256:
            found[int(value)] = Label(int(value), name, _colour(pairs.get(f"Segment{number}_Color", "")))
    return tuple(found[value] for value in sorted(found))


def _colour(text: str) -> Colour:
    """RGB, 0 to 255, of three shares of one; yellow when the text holds none."""
    try:
        red, green, blue = (round(255 * min(max(float(part), 0.0), 1.0)) for part in text.split())
    except (ValueError, OverflowError):
        return 204, 204, 51
    return red, green, blue


def _in_pieces(pairs: Mapping[str, str]) -> Iterable[tuple[str, str]]:
    for key, value in pairs.items():
        if len(value) <= _META_VALUE_LENGTH:
            yield key, value
            continue
        for number, start in enumerate(range(0, len(value), _META_VALUE_LENGTH)):
            yield f"{key}_{number:03d}", value[start : start + _META_VALUE_LENGTH]


def _numbers(values: Iterable[float], between: str = " ") -> str:
    return between.join(f"{v + 0.0:.17g}" for v in values)
