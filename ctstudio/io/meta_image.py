"""What a MetaImage header must say before the image library may read it: the library crashes on some damaged ones.

Source: the MetaIO header description; what is checked is ours.
"""

from __future__ import annotations

import math
from pathlib import Path

from ctstudio.core.errors import UnreadableFile

_HEADER_BYTES = 1 << 22
_TYPE_BYTES = {
    "CHAR": 1, "UCHAR": 1, "SHORT": 2, "USHORT": 2, "INT": 4, "UINT": 4, "LONG": 4, "ULONG": 4,
    "LONG_LONG": 8, "ULONG_LONG": 8, "FLOAT": 4, "DOUBLE": 8,
}  # fmt: skip
_LAST = "ElementDataFile"


def check_header(path: Path) -> None:
    """Read the header of a `.mha` or `.mhd` file and check what the reader relies on.

    Raises:
        UnreadableFile: A line that must be there is missing or makes no sense, or voxels are missing.
    """
    with path.open("rb") as stream:
        start = stream.read(_HEADER_BYTES)
    try:
        pairs, header_bytes = _pairs(start)
        _check(pairs, path, header_bytes)
    except (ValueError, KeyError, OverflowError) as error:
        raise UnreadableFile(
            f"{path.name} is not a MetaImage that can be read: its header is damaged, or its voxels are not all there.",
            "Copy or export the file again, or give it as NIfTI or NRRD.",
            repr(error),
        ) from error


def _pairs(start: bytes) -> tuple[dict[str, str], int]:
    """The header's lines by key, the dimension first of those that depend on it, and the header's length in bytes."""
    pairs: dict[str, str] = {}
    at = 0
    while _LAST not in pairs:
        end = start.find(b"\n", at)
        end = len(start) if end < 0 else end
        key, sign, value = start[at:end].decode("utf-8").partition("=")
        if not sign or at >= len(start):
            raise ValueError(f"no {_LAST}")
        if key.strip() in ("DimSize", "TransformMatrix", "Offset", "ElementSpacing") and "NDims" not in pairs:
            raise ValueError(f"{key.strip()} stands before NDims")
        pairs[key.strip()] = value.strip()
        at = end + 1
    return pairs, at


def _check(pairs: dict[str, str], path: Path, header_bytes: int) -> None:
    dimensions = int(pairs["NDims"])
    sizes = [int(part) for part in pairs["DimSize"].split()]
    if not 2 <= dimensions <= 4 or len(sizes) != dimensions or min(sizes) < 1:
        raise ValueError(f"NDims {dimensions}, DimSize {sizes}")
    for key, count in (("TransformMatrix", dimensions**2), ("Offset", dimensions), ("ElementSpacing", dimensions)):
        numbers = [float(part) for part in pairs.get(key, "0 " * count).split()]
        if len(numbers) != count or not all(map(math.isfinite, numbers)):
            raise ValueError(f"{key} {numbers}")
    channels = int(pairs.get("ElementNumberOfChannels", "1"))
    name = pairs["ElementType"]
    if not name.startswith("MET_") or channels < 1:
        raise ValueError(f"ElementType {name}")
    each = _TYPE_BYTES[name[4:].removesuffix("_ARRAY")] * channels
    packed = pairs.get("CompressedData", "False").lower() in ("true", "1")
    binary = pairs.get("BinaryData", "True").lower() in ("true", "1")
    least = math.prod(sizes) * each if binary and not packed else 1
    _check_voxels(pairs[_LAST], path, header_bytes, least)


def _check_voxels(place: str, path: Path, header_bytes: int, least: int) -> None:
    """Whether the file that holds the voxels is there and large enough; lists and patterns are left to the reader."""
    if place in ("LOCAL", "Local", "local"):
        there = path.stat().st_size - header_bytes
    elif place.split()[0] == "LIST" or "%" in place:
        return
    else:
        other = path.parent / place
        there = other.stat().st_size if other.is_file() else 0
    if there < least:
        raise ValueError(f"{there} bytes of voxels, {least} are needed")
