"""The NIfTI-1 header, written and read byte by byte: equal volumes give equal files, and nothing is read half.

Source: the NIfTI-1 standard header `nifti1.h` (field offsets) and its extension with code 6 (comment).
"""

from __future__ import annotations

import gzip
import struct
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, cast

import numpy as np
from numpy.typing import NDArray

from ctstudio.core.errors import UnreadableFile
from ctstudio.core.grid import Grid

_CODES = {"u1": (2, 8), "i2": (4, 16), "f4": (16, 32)}
_FLOATS = {16: "f4", 64: "f8"}
_KNOWN_CODES = (2, 4, 8, 16, 32, 64, 128, 256, 512, 768, 1024, 1280, 1536, 1792, 2048, 2304)
_COMMENT = 6
_LPS_TO_RAS = np.diag([-1.0, -1.0, 1.0])
_MAX_EXTENSIONS_BYTES = 64 << 20
_MAX_OFFSET_BYTES = 1 << 30
_CHUNK = 1 << 20


@dataclass(frozen=True)
class NiftiFacts:
    """What a NIfTI header says beyond what the image library passes on.

    Attributes:
        description: The `descrip` field.
        comment: Text of the comment extensions, "" when there is none.
        oriented: Whether the file says how its axes lie in the patient.
        holes: Positions of NaN and infinite voxels in the data, x fastest; the image library reads them as zero.
        hole_values: Their values.
    """

    description: str
    comment: str
    oriented: bool
    holes: NDArray[np.intp]
    hole_values: NDArray[np.float64]


def header(grid: Grid, dtype: np.dtype[Any], description: str, comment: str) -> bytes:
    """Header and comment extension of a `.nii` file; the voxels follow, x fastest.

    Args:
        grid: Placement of the image.
        dtype: uint8, int16 or float32.
        description: At most 79 characters of ASCII.
        comment: Text of the extension.
    """
    text = comment.encode()
    esize = -(-(len(text) + 8) // 16) * 16
    code, bits = _CODES[dtype.str[1:]]
    quaternion, qfac = _quaternion(_LPS_TO_RAS @ np.asarray(grid.direction))
    affine = _LPS_TO_RAS @ grid.affine[:3]
    raw = bytearray(348)
    struct.pack_into("<i", raw, 0, 348)
    struct.pack_into("<8h", raw, 40, 3, *grid.shape[::-1], 1, 1, 1, 1)
    struct.pack_into("<2h", raw, 70, code, bits)
    struct.pack_into("<8f", raw, 76, qfac, *grid.spacing_mm, 1, 1, 1, 1)
    struct.pack_into("<3f", raw, 108, 352 + esize, 1.0, 0.0)
    raw[123] = 2
    raw[148 : 148 + min(len(description), 79)] = description.encode("ascii")[:79]
    struct.pack_into("<2h", raw, 252, 1, 1)
    struct.pack_into("<6f", raw, 256, *quaternion, *affine[:, 3])
    struct.pack_into("<12f", raw, 280, *affine.ravel())
    raw[344:348] = b"n+1\0"
    extension = struct.pack("<2i", esize, _COMMENT) + text.ljust(esize - 8, b"\0")
    return bytes(raw) + b"\1\0\0\0" + extension


def read_facts(path: Path) -> NiftiFacts:
    """Read a NIfTI header and check that every voxel it promises is there.

    Raises:
        UnreadableFile: Not NIfTI, truncated, damaged, or Analyze without orientation.
    """
    try:
        with path.open("rb") as plain:
            packed = plain.read(2) == b"\x1f\x8b"
        with gzip.open(path, "rb") if packed else path.open("rb") as stream:
            return _facts(cast(BinaryIO, stream), path)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise UnreadableFile(
            f"{path.name} is truncated or damaged: its compressed data ends early or does not check out.",
            "Copy or download the file again.",
            repr(error),
        ) from error


def _facts(stream: BinaryIO, path: Path) -> NiftiFacts:
    raw = stream.read(348)
    order = next((o for o in "<>" if len(raw) == 348 and struct.unpack_from(o + "i", raw)[0] in (348, 540)), "")
    if not order:
        raise UnreadableFile(f"{path.name} is not a NIfTI file.", "Give a NIfTI, NRRD or MHA file, or a DICOM folder.")
    if struct.unpack_from(order + "i", raw)[0] == 540:
        return _facts_of_version_2(stream, raw, order, path)
    if raw[344:347] not in (b"n+1", b"ni1"):
        raise UnreadableFile(
            f"{path.name} is an Analyze file, which does not say where left and right are.",
            "Convert it to NIfTI with a tool that knows its orientation.",
        )
    dims = struct.unpack_from(order + "8h", raw, 40)
    code, bits = struct.unpack_from(order + "2h", raw, 70)
    start = struct.unpack_from(order + "f", raw, 108)[0] if raw[344:347] == b"n+1" else 0.0
    _check(dims, code, start, path)
    offset = int(start)
    comment = _comments(stream, order, offset) if offset > 352 else ""
    holes = (np.empty(0, np.intp), np.empty(0))
    if offset:
        holes = _walk(stream, max(offset, 348), _voxels(dims) * bits // 8, _float_type(order, code), path)
    oriented = struct.unpack_from(order + "2h", raw, 252) != (0, 0)
    return NiftiFacts(raw[148:228].split(b"\0")[0].decode("latin-1"), comment, oriented, *holes)


def _facts_of_version_2(stream: BinaryIO, raw: bytes, order: str, path: Path) -> NiftiFacts:
    raw += stream.read(192)
    if len(raw) < 540:
        raise UnreadableFile(f"{path.name} is truncated: its header is not complete.", "Copy the file again.")
    bits = struct.unpack_from(order + "h", raw, 14)[0]
    dims = struct.unpack_from(order + "8q", raw, 16)
    offset = struct.unpack_from(order + "q", raw, 168)[0]
    code = struct.unpack_from(order + "h", raw, 12)[0]
    _check(dims, code, offset, path)
    holes = _walk(stream, max(offset, 540), _voxels(dims) * bits // 8, _float_type(order, code), path)
    oriented = struct.unpack_from(order + "2i", raw, 344) != (0, 0)
    return NiftiFacts(raw[240:320].split(b"\0")[0].decode("latin-1"), "", oriented, *holes)


def _check(dims: tuple[int, ...], code: int, offset: float, path: Path) -> None:
    """Refuse what the image library would complain of on its own, in several lines."""
    count = dims[0]
    known = 1 <= count <= 7 and all(size > 0 for size in dims[1 : 1 + count]) and code in _KNOWN_CODES
    if not known or not 0 <= offset < _MAX_OFFSET_BYTES:
        raise UnreadableFile(
            f"{path.name} has a damaged NIfTI header: its size, its kind of voxels or their place makes no sense.",
            "Copy or export the file again.",
            f"dim {dims}, datatype {code}, vox_offset {offset}",
        )


def _comments(stream: BinaryIO, order: str, offset: int) -> str:
    """Text of the comment extensions; reads the stream up to `offset`."""
    block = stream.read(min(offset - 348, _MAX_EXTENSIONS_BYTES))
    at, found = 4, []
    while at + 8 <= len(block) and block[:1] != b"\0":
        size, code = struct.unpack_from(order + "2i", block, at)
        if size < 8:
            break
        if code == _COMMENT:
            found.append(block[at + 8 : at + size].rstrip(b"\0").decode("utf-8", "replace"))
        at += size
    return "\n".join(found)


def _walk(
    stream: BinaryIO, start: int, promised: int, dtype: np.dtype[Any] | None, path: Path
) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """Go through the voxels once: are they all there, and which are not finite (positions, values)?"""
    stream.seek(start)
    length, places, values = 0, [np.empty(0, np.intp)], [np.empty(0)]
    while length < promised and (chunk := stream.read(min(_CHUNK, promised - length))):
        if dtype is not None and len(chunk) % dtype.itemsize == 0:
            numbers = np.frombuffer(chunk, dtype)
            bad = np.flatnonzero(~np.isfinite(numbers))
            places.append(bad + length // dtype.itemsize)
            values.append(numbers[bad].astype(np.float64))
        length += len(chunk)
    if length < promised:
        raise UnreadableFile(
            f"{path.name} is truncated: its header promises {promised} bytes of voxels, {length} are there.",
            "Copy or download the file again.",
        )
    while stream.read(_CHUNK):  # to the end, where the checksum is
        pass
    return np.concatenate(places), np.concatenate(values)


def _float_type(order: str, code: int) -> np.dtype[Any] | None:
    """The type of floating-point voxels, None for whole numbers."""
    return np.dtype(order + _FLOATS[code]) if code in _FLOATS else None


def _voxels(dims: tuple[int, ...]) -> int:
    count = 1
    for size in dims[1 : 1 + max(0, min(dims[0], 7))]:
        count *= max(size, 1)
    return count


def _quaternion(rotation: NDArray[np.float64]) -> tuple[tuple[float, float, float], float]:
    """(b, c, d) of the unit quaternion with a >= 0, and qfac: -1 when the third axis is mirrored."""
    qfac = 1.0 if np.linalg.det(rotation) > 0 else -1.0
    turned = rotation * np.array([1.0, 1.0, qfac])
    symmetric = turned + turned.T
    m = np.zeros((4, 4))
    m[0, 0] = np.trace(turned)
    m[1:, 1:] = symmetric - np.trace(turned) * np.eye(3)
    axis = np.array([turned[2, 1] - turned[1, 2], turned[0, 2] - turned[2, 0], turned[1, 0] - turned[0, 1]])
    m[0, 1:], m[1:, 0] = axis, axis
    q = np.linalg.eigh(m)[1][:, -1]
    q = q if q[0] >= 0 else -q
    return (float(q[1]), float(q[2]), float(q[3])), qfac
