"""Shared memory for large arrays: the sender copies in, the receiver copies out and hands the block back.

The desk makes every block, for both directions, and removes every block. So a killed engine leaves nothing behind.
Blocks are used again: the first touch of fresh pages costs far more than the copy.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import sys
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from multiprocessing import resource_tracker
from multiprocessing.shared_memory import SharedMemory
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ctstudio.core.errors import EngineError

SMALLEST_BYTES = 256 * 1024
"""Arrays up to this size travel inside the message."""

NAME = "ctstudio"
"""Blocks are called `ctstudio_<process id of the desk>_<number>`."""

LARGEST_TOTAL_BYTES = 4 * 1024**3
"""The desk makes no more blocks than this; what does not fit travels inside the message."""


@dataclass(frozen=True)
class BlockWanted:
    """The engine asks the desk for a block of at least this size."""

    size: int


@dataclass(frozen=True)
class BlockLent:
    """The desk's answer; an empty name when no shared memory can be had."""

    name: str


@dataclass(frozen=True)
class BlocksReturned:
    """The receiver has copied these blocks out; the sender may fill them again."""

    names: tuple[str, ...]


class OwnedBlocks:
    """The desk's blocks: made here, and removed by `close`. Safe to call from any thread."""

    def __init__(self, limit_bytes: int = LARGEST_TOTAL_BYTES) -> None:
        self._limit = limit_bytes
        self._blocks: dict[str, SharedMemory] = {}
        self._closed = False
        self._lock = threading.Lock()

    def make(self, size: int) -> SharedMemory | None:
        """A new block of at least `size` bytes, or None when shared memory is short."""
        size = _rounded(size)
        with self._lock:
            if self._closed or size + sum(b.size for b in self._blocks.values()) > self._limit:
                return None
            block = _reserve(size)
            if block is not None:
                self._blocks[block.name] = block
            return block

    def find(self, name: str) -> SharedMemory:
        """The block of a name.

        Raises:
            EngineError: No block of ours has this name.
        """
        with self._lock:
            if name not in self._blocks:
                raise EngineError("A message names a memory block that does not exist.", "Restart the engine.", name)
            return self._blocks[name]

    def close(self) -> None:
        """Remove every block from the machine."""
        with self._lock:
            self._closed = True
            for block in self._blocks.values():
                with contextlib.suppress(FileNotFoundError):  # a killed engine's clean-up may have been quicker
                    block.unlink()
                with contextlib.suppress(BufferError):  # a copy is still under way; the mapping goes with it
                    block.close()
            self._blocks.clear()


class BorrowedBlocks:
    """The engine's view of the desk's blocks: opened once, never removed here."""

    def __init__(self) -> None:
        self._blocks: dict[str, SharedMemory] = {}
        self._lock = threading.Lock()

    def find(self, name: str) -> SharedMemory:
        """The block of a name.

        Raises:
            EngineError: The block does not exist.
        """
        with self._lock:
            if name not in self._blocks:
                self._blocks[name] = _attach(name)
            return self._blocks[name]

    def close(self) -> None:
        """Let go of every block; the desk removes them."""
        with self._lock:
            for block in self._blocks.values():
                block.close()
            self._blocks.clear()


Obtain = Callable[[int], SharedMemory | None]


class Blocks:
    """One side's traffic through shared memory: `put` for what it sends, `take` for what it receives."""

    def __init__(self, obtain: Obtain, find: Callable[[str], SharedMemory]) -> None:
        self._obtain = obtain
        self._find = find
        self._free: list[SharedMemory] = []
        self._away: dict[str, SharedMemory] = {}
        self._taken: list[str] = []
        self._lock = threading.Lock()

    def put(self, array: NDArray[Any]) -> str | None:
        """Copy an array into a block; its name, or None when the array is small or no block can be had."""
        if array.nbytes <= SMALLEST_BYTES:
            return None
        block = self._claim(array.nbytes)
        if block is None:
            return None
        np.copyto(np.ndarray(array.shape, array.dtype, block.buf), array)
        with self._lock:
            self._away[block.name] = block
        return block.name

    def take(self, name: str, dtype: np.dtype[Any], shape: tuple[int, ...]) -> NDArray[Any]:
        """A copy of the array that lies in a block; the block is noted for `taken`.

        Raises:
            EngineError: No such block, or it is too small for the array.
        """
        block = self._find(name)
        with self._lock:
            self._taken.append(name)
        if dtype.itemsize * int(np.prod(shape, dtype=object)) > block.size:
            raise EngineError("A message says more than its memory block holds.", "Restart the engine.", name)
        return np.ndarray(shape, dtype, block.buf).copy()

    def taken(self) -> tuple[str, ...]:
        """Blocks copied out since the last call: hand them back to the sender."""
        with self._lock:
            names, self._taken = tuple(self._taken), []
        return names

    def returned(self, names: Iterable[str]) -> None:
        """The receiver has handed these blocks back."""
        with self._lock:
            self._free.extend(self._away.pop(name) for name in names if name in self._away)

    def _claim(self, size: int) -> SharedMemory | None:
        """The smallest free block that is large enough, or a new one."""
        with self._lock:
            fitting = sorted((b for b in self._free if b.size >= size), key=lambda b: b.size)
            if fitting:
                self._free.remove(fitting[0])
                return fitting[0]
        return self._obtain(size)


def _rounded(size: int) -> int:
    """A size up to a quarter larger, so that similar arrays share blocks."""
    step = 1 << max(size.bit_length() - 3, 12)
    return -(-size // step) * step


def _reserve(size: int) -> SharedMemory | None:
    """A block with its memory really there: without, the first write to a full /dev/shm kills the process."""
    try:
        block = SharedMemory(f"{NAME}_{os.getpid()}_{secrets.token_hex(4)}", create=True, size=size)
    except (OSError, ValueError):
        return None
    path = Path("/dev/shm") / block.name
    if not path.exists():
        return block
    try:
        handle = os.open(path, os.O_RDWR)
        try:
            os.posix_fallocate(handle, 0, size)
        finally:
            os.close(handle)
    except OSError:
        block.close()
        block.unlink()
        return None
    return block


def _attach(name: str) -> SharedMemory:
    """Open a block of another process without making this one's clean-up remove it."""
    try:
        if sys.version_info >= (3, 13):
            return SharedMemory(name, track=False)
        block = SharedMemory(name)
    except (OSError, ValueError) as error:
        raise EngineError(
            "A message names a memory block that does not exist.", "Restart the engine.", f"{name}: {error}"
        ) from error
    if os.name == "posix":
        resource_tracker.unregister(f"/{block.name}", "shared_memory")
    return block
