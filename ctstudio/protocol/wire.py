"""Messages as bytes: a fixed prefix, a JSON header, raw arrays. Never pickle.

- prefix: 4 bytes "CTSW", version (uint16), length of the header (uint32), little endian;
- header: {"message": ..., "arrays": [{"dtype", "shape", "block" or null}, ...]};
- arrays: those without a block, one after the other, C order.
"""

from __future__ import annotations

import json
import struct
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ctstudio.core.errors import CtStudioError, EngineError
from ctstudio.protocol.blocks import BlockLent, Blocks, BlocksReturned, BlockWanted
from ctstudio.protocol.commands import Cancel, Shutdown, Submit
from ctstudio.protocol.events import (
    DeviceStatus,
    EngineReady,
    Failed,
    Finished,
    Hello,
    Loading,
    Preview,
    Stepped,
    Stopped,
)
from ctstudio.protocol.live_noise import ExposureFound, FindExposure, NoiseSimulated, SimulateNoise
from ctstudio.protocol.plain import from_plain, to_plain

VERSION = 1
Message = (
    Submit | Cancel | Shutdown | Loading | Stepped | Preview | Finished | Failed | Stopped
    | Hello | EngineReady | DeviceStatus | BlockWanted | BlockLent | BlocksReturned
    | FindExposure | ExposureFound | SimulateNoise | NoiseSimulated
)  # fmt: skip
"""Everything that may cross the wall."""

_PREFIX = struct.Struct("<4sHI")
_MAGIC = b"CTSW"
_KINDS = "biuf"
_BAD = (CtStudioError, ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError, RecursionError)


def encode(message: Message, blocks: Blocks | None = None) -> bytes:
    """The bytes of a message; large arrays go through `blocks` when given.

    Raises:
        EngineError: The message holds something that cannot be sent, or memory is short.
    """
    arrays: list[NDArray[Any]] = []
    try:
        body = to_plain(message, arrays)
        entries, raw = [], []
        for array in [np.ascontiguousarray(_sendable(a)) for a in arrays]:
            block = blocks.put(array) if blocks is not None else None
            entries.append({"dtype": array.dtype.str, "shape": array.shape, "block": block})
            raw.extend([] if block else [array.tobytes()])
        header = json.dumps({"message": body, "arrays": entries}).encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise EngineError(
            f"A {type(message).__name__} message holds something that cannot be sent.",
            "This is a fault in the program; please report it.",
            str(error),
        ) from error
    except MemoryError as error:
        raise EngineError(
            f"There is not enough memory to send a {type(message).__name__} message.",
            "Ask for less at once; closing other programs may help too.",
            str(error),
        ) from error
    return b"".join([_PREFIX.pack(_MAGIC, VERSION, len(header)), header, *raw])


def decode(data: bytes, blocks: Blocks | None = None) -> Message:
    """The message of some bytes; its arrays are copies of their own.

    Raises:
        EngineError: Not a message, a damaged one, or one of another version.
    """
    header = _header(data)
    try:
        content = json.loads(header)
        arrays = _arrays(content["arrays"], memoryview(data)[_PREFIX.size + len(header) :], blocks)
        message: Message = from_plain(content["message"], Message, arrays)
    except _BAD as error:
        raise _damaged(f"{type(error).__name__}: {error}") from error
    return message


def _header(data: bytes) -> bytes:
    if len(data) < _PREFIX.size or data[:4] != _MAGIC:
        raise _damaged("no prefix")
    _, version, length = _PREFIX.unpack_from(data)
    if version != VERSION:
        raise EngineError(
            "The window and the engine come from different versions of the program.",
            "Close CT Studio, install it again, and start it.",
            f"Messages of version {version}; this side speaks {VERSION}.",
        )
    if _PREFIX.size + length > len(data):
        raise _damaged("the header is cut off")
    return data[_PREFIX.size : _PREFIX.size + length]


def _arrays(entries: list[dict[str, Any]], raw: memoryview, blocks: Blocks | None) -> list[NDArray[Any]]:
    arrays: list[NDArray[Any]] = []
    offset = 0
    for entry in entries:
        dtype, shape = _dtype(entry["dtype"]), _shape(entry["shape"])
        if entry["block"] is not None:
            if blocks is None:
                raise ValueError("a block without shared memory")
            arrays.append(blocks.take(entry["block"], dtype, shape))
            continue
        size = dtype.itemsize * int(np.prod(shape, dtype=object))
        if offset + size > len(raw):
            raise ValueError("an array is cut off")
        arrays.append(np.frombuffer(raw[offset : offset + size], dtype).reshape(shape).copy())
        offset += size
    return arrays


def _sendable(array: NDArray[Any]) -> NDArray[Any]:
    if array.dtype.kind not in _KINDS or array.dtype.itemsize > 8:
        raise TypeError(f"arrays of {array.dtype} cannot be sent")
    return array


def _dtype(text: Any) -> np.dtype[Any]:
    if not isinstance(text, str) or len(text) != 3 or text[0] not in "<>|" or text[1] not in _KINDS:
        raise ValueError(f"bad dtype {str(text)[:20]!r}")
    return np.dtype(text)


def _shape(sizes: Any) -> tuple[int, ...]:
    if not isinstance(sizes, list) or not all(type(n) is int and n >= 0 for n in sizes):
        raise ValueError("bad shape")
    return tuple(sizes)


def _damaged(detail: str) -> EngineError:
    return EngineError("The engine sent something that cannot be read.", "Restart the engine.", detail)
