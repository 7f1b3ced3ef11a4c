"""Writing that leaves the old file or the new one, never a half one, and says why it could not."""

from __future__ import annotations

import errno
import os
import secrets
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from ctstudio.core.errors import StorageError

_FULL = (errno.ENOSPC, errno.EDQUOT)
_FORBIDDEN = (errno.EACCES, errno.EPERM, errno.EROFS)


def write_atomically(path: Path, fill: Callable[[BinaryIO], None]) -> None:
    """Write a file through a temporary one beside it; missing folders are made.

    Args:
        path: The file to write or replace.
        fill: Writes the content to the open file it is given.

    Raises:
        StorageError: Disk full, no permission, or any other refusal; an older file stays as it was.
    """
    with storage_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.parent / f".{path.name}.{secrets.token_hex(4)}.part"
        try:
            with temporary.open("xb") as stream:
                fill(stream)
                stream.flush()
                os.fsync(stream.fileno())
            os.replace(temporary, path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise


def write_text(text: str, path: Path) -> None:
    """Write a text file as UTF-8, through a temporary one beside it.

    Raises:
        StorageError: Disk full, no permission; an older file stays as it was.
    """

    def fill(stream: BinaryIO) -> None:
        stream.write(text.encode())

    write_atomically(path, fill)


@contextmanager
def storage_errors(path: Path) -> Iterator[None]:
    """Turn refusals of the system while writing `path` into a `StorageError`."""
    try:
        yield
    except OSError as error:
        raise storage_error(error, path) from error


def storage_error(error: OSError, path: Path) -> StorageError:
    """What an operating system's refusal to write `path` means to the user."""
    if error.errno in _FULL:
        message = f"{path.name} was not saved: the disk of {path.parent} is full."
        remedy = "Free some space or choose another folder, then save again."
    elif error.errno in _FORBIDDEN:
        message = f"{path.name} was not saved: {path.parent} may not be written to."
        remedy = "Choose a folder of your own, or change its permissions."
    else:
        message = f"{path.name} was not saved: {error.strerror or error}."
        remedy = "Check the path and choose another folder if needed."
    return StorageError(message, remedy, f"{path}: {error!r}")


def free_space_needed(*arrays_bytes: int) -> int:
    """Bytes to ask for before writing arrays of these sizes: uncompressed, plus 1 MiB for headers and pictures."""
    return sum(arrays_bytes) + (1 << 20)


def check_place(folder: Path, needed_bytes: int = 0) -> None:
    """Refuse early what would be refused after minutes of work; leaves nothing behind.

    Raises:
        StorageError: The folder is a file, may not be made or written to, or has less than `needed_bytes` free.
    """
    folder = Path(folder)
    with storage_errors(folder), tempfile.TemporaryFile(dir=nearest_folder(folder)):
        pass
    check_free_space(folder, needed_bytes)


def check_free_space(folder: Path, needed_bytes: int) -> None:
    """Refuse early when a folder's disk has too little room.

    Raises:
        StorageError: Less than `needed_bytes` are free.
    """
    with storage_errors(folder):
        free = shutil.disk_usage(nearest_folder(folder)).free
    if free < needed_bytes:
        raise StorageError(
            f"{folder} has {free / 1e6:.0f} MB free, {needed_bytes / 1e6:.0f} MB are needed.",
            "Free some space or choose another folder.",
        )


def nearest_folder(folder: Path) -> Path:
    """The folder, or the nearest above it that exists."""
    return next((p for p in (folder, *folder.absolute().parents) if p.exists()), Path("/"))
