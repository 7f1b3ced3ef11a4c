"""Processes that outlive the window, and folders that are written for them."""

from __future__ import annotations

import contextlib
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

from ctstudio.core.errors import EngineError, StorageError
from ctstudio.jobs.program import program_environment

_NICER = 10


def detached(command: list[str], output: int, complaints: int | None = None) -> subprocess.Popen[bytes]:
    """Start a process that outlives this one.

    Args:
        command: What to start.
        output: File descriptor for what it says.
        complaints: Another one for what it says on stderr; None for the same.

    Raises:
        EngineError: It cannot be started.
    """
    windows = getattr(subprocess, "CREATE_NO_WINDOW", 0) | getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)
    try:
        return subprocess.Popen(
            command,
            env=program_environment(),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output if complaints is None else complaints,
            start_new_session=True,
            creationflags=windows,
        )
    except OSError as error:
        raise EngineError(
            "The program cannot start itself.", "Install CT Studio again.", f"{command}: {error}"
        ) from error


def calmed(pid: int) -> float:
    """Give a process a low priority, so that the window stays quick; its start in seconds since 1970."""
    import psutil

    try:
        process = psutil.Process(pid)
        with contextlib.suppress(psutil.Error, OSError):
            process.nice(psutil.BELOW_NORMAL_PRIORITY_CLASS if os.name == "nt" else _NICER)
        return float(process.create_time())
    except psutil.Error:
        return 0.0


@contextlib.contextmanager
def writing(folder: Path) -> Iterator[None]:
    """Turn refusals of the system while writing a folder into a `StorageError`."""
    try:
        yield
    except OSError as error:
        raise StorageError(
            f"{folder} cannot be written: {error.strerror or error}.",
            "Choose another folder, or make room on the disk.",
            str(error),
        ) from error
