"""Runs another project's program to its end: hears how far it is, ends it with all its children when asked."""

from __future__ import annotations

import contextlib
import re
import subprocess
import threading
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import IO

from ctstudio.core.errors import Cancelled, EngineError
from ctstudio.jobs.detached import calmed

_LOOK_S = 0.1
_KEPT_LINES = 40
_SHARE = re.compile(r"(\d{1,3})%\|")
_PART = re.compile(r"part (\d+) of (\d+)", re.IGNORECASE)


@dataclass(frozen=True)
class HowFar:
    """Where a program is.

    Attributes:
        words: What it said last.
        share: How much of its present deed is done, 0 to 1; None when it does not say.
    """

    words: str
    share: float | None = None


Told = Callable[[HowFar], object]


def watch(command: list[str], environment: Mapping[str, str], told: Told, cancelled: threading.Event) -> None:
    """Run a program.

    Args:
        command: What to run.
        environment: All of its environment.
        told: Hears how far it is; called from another thread.
        cancelled: Ends it, and all that it started, when set.

    Raises:
        EngineError: It cannot be started, or failed; the detail holds what it said last.
        Cancelled: It was cancelled.
    """
    child = _started(command, environment)
    calmed(child.pid)
    last: deque[str] = deque(maxlen=_KEPT_LINES)
    hearing = threading.Thread(target=_hear, args=(child.stdout, told, last), name="hears a program", daemon=True)
    hearing.start()
    try:
        while _running(child):
            if cancelled.is_set():
                raise Cancelled("The work was cancelled.")
    finally:
        _end(child)
        hearing.join(5.0)
    if child.returncode != 0:
        raise _failure(command[0], child.returncode, last)


def _started(command: list[str], environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(
            command,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )
    except OSError as error:
        raise EngineError(
            f"{command[0]} cannot be started: {error.strerror or error}.", "Install it again.", str(error)
        ) from error


def _running(child: subprocess.Popen[bytes]) -> bool:
    try:
        child.wait(_LOOK_S)
    except subprocess.TimeoutExpired:
        return True
    return False


def _end(child: subprocess.Popen[bytes]) -> None:
    """End what still runs of it: the children first, which would otherwise outlive it."""
    import psutil

    if child.poll() is not None:
        return
    with contextlib.suppress(psutil.Error):
        for one in psutil.Process(child.pid).children(recursive=True):
            with contextlib.suppress(psutil.Error):
                one.kill()
    child.kill()
    child.wait()


def _hear(stream: IO[bytes] | None, told: Told, last: deque[str]) -> None:
    """Take in lines and bars until the program closes its mouth."""
    if stream is None:
        return
    part, rest = (1, 1), b""
    with stream:
        while chunk := stream.read1(4096) if hasattr(stream, "read1") else stream.read(4096):
            *lines, rest = re.split(rb"[\r\n]", rest + chunk)
            for line in (raw.decode(errors="replace").strip() for raw in lines):
                if not line:
                    continue
                counted = _PART.search(line)
                part = (int(counted[1]), max(int(counted[2]), 1)) if counted else part
                told(_how_far(line, part, last))
    if rest.strip():
        last.append(rest.decode(errors="replace").strip())


def _how_far(line: str, part: tuple[int, int], last: deque[str]) -> HowFar:
    """A bar is a share of its part, under the words before it; anything else is words."""
    bar = _SHARE.search(line)
    if bar is None:
        last.append(line)
        return HowFar(line)
    number, parts = part
    share = (number - 1 + min(int(bar[1]), 100) / 100) / parts
    return HowFar(last[-1] if last else "", min(max(share, 0.0), 1.0))


def _failure(program: str, code: int, last: deque[str]) -> EngineError:
    said = "\n".join(last)
    if code in (-9, 137):
        return EngineError(
            f"{program} was ended by the system, most likely because memory ran short.",
            "Close other programs, or take the fast network.",
            said,
        )
    reason = next((line for line in reversed(last) if line), f"it ended with code {code}")
    return EngineError(f"{program} failed: {reason.rstrip('.')}.", "Its last words are in the detail.", said)
