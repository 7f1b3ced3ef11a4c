"""One engine process: start it, let it in, pass on what it says, and see it out."""

from __future__ import annotations

import contextlib
import os
import queue
import secrets
import subprocess
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from multiprocessing import AuthenticationError
from multiprocessing.connection import Client, Connection, Listener
from pathlib import Path

from ctstudio.core.errors import EngineError
from ctstudio.jobs.program import program, program_environment
from ctstudio.protocol.blocks import OwnedBlocks
from ctstudio.protocol.channel import Channel
from ctstudio.protocol.commands import Shutdown
from ctstudio.protocol.door import invitation
from ctstudio.protocol.wire import Message

_CONNECT_SECONDS = 60.0


@dataclass(frozen=True)
class Gone:
    """The process has ended; `error` says why where anybody knows."""

    error: EngineError


Tell = Callable[["EngineProcess", Message | Gone], None]


def own_command() -> list[str]:
    """The command that starts the program's engine, from any folder."""
    return program("engine")


class EngineProcess:
    """A process and the thread that starts it, listens to it and clears up after it.

    Args:
        command: What to start.
        log_folder: Gets `engine-output.log`, what the process writes on its own.
        tell: Called in the thread with every message, and at last with `Gone`.
        connect_seconds: How long the process may take to come to the door.
    """

    def __init__(
        self, command: Sequence[str], log_folder: Path, tell: Tell, connect_seconds: float = _CONNECT_SECONDS
    ) -> None:
        self._command = list(command)
        self._output = log_folder / "engine-output.log"
        self._tell = tell
        self._connect_seconds = connect_seconds
        self._unwanted = threading.Event()
        self._process: subprocess.Popen[bytes] | None = None
        self._channel: Channel | None = None
        self._thread = threading.Thread(target=self._live, name="ctstudio-engine", daemon=True)
        self._thread.start()

    @property
    def pid(self) -> int | None:
        """The process's id; None before it is started."""
        return self._process.pid if self._process is not None else None

    def send(self, message: Message) -> None:
        """Send a message; dropped when the process is not at the door or has gone."""
        if self._channel is not None:
            self._channel.send(message)

    def kill(self) -> None:
        """End the process at once; `Gone` follows."""
        self._unwanted.set()
        if self._process is not None:
            self._process.kill()

    def end(self, grace_seconds: float = 2.0) -> None:
        """Ask the process to end, then make it; returns when it and its shared memory are gone."""
        self._unwanted.set()
        self.send(Shutdown())
        self._thread.join(grace_seconds)
        if self._thread.is_alive() and self._process is not None:
            self._process.terminate()
            self._thread.join(1.0)
        if self._thread.is_alive():
            self.kill()
            self._thread.join(2.0)

    def _live(self) -> None:
        try:
            channel = self._open()
        except EngineError as error:
            self._tell(self, Gone(error))
            return
        self._channel = channel
        try:
            while (message := channel.receive()) is not None:
                self._tell(self, message)
            reason, detail = "The engine stopped.", ""
        except EngineError as error:
            reason, detail = error.message, error.detail
            self.kill()
        code = self._reap()
        channel.close()
        detail = f"{detail}\nexit code {code}\n{self._last_words()}".strip()
        self._tell(self, Gone(EngineError(reason, "Press Restart.", detail)))

    def _open(self) -> Channel:
        """Start the process and let it in."""
        secret = secrets.token_bytes(32)
        with contextlib.closing(_listener(secret)) as listener:
            self._process = self._start({**program_environment(), **invitation(listener.address, secret)})
            try:
                connection = self._let_in(listener, secret)
            except EngineError:
                self._process.kill()
                self._process.wait()
                raise
        return Channel(connection, OwnedBlocks())

    def _start(self, environment: dict[str, str]) -> subprocess.Popen[bytes]:
        try:
            self._output.parent.mkdir(parents=True, exist_ok=True)
            output = self._output.open("wb")
        except OSError:
            output = open(os.devnull, "wb")  # noqa: SIM115  (closed just below)
        with output:
            try:
                return subprocess.Popen(
                    self._command,
                    env=environment,
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=output,
                    start_new_session=True,
                    creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
                )
            except OSError as error:
                raise EngineError(
                    "The engine cannot be started.", "Install CT Studio again.", f"{self._command}: {error}"
                ) from error

    def _let_in(self, listener: Listener, secret: bytes) -> Connection:
        """Wait at the door, but not for a process that has ended, nor for ever."""
        arrived: queue.SimpleQueue[Connection | None] = queue.SimpleQueue()
        threading.Thread(target=_accept, args=(listener, arrived), name="ctstudio-door", daemon=True).start()
        deadline = time.monotonic() + self._connect_seconds
        while time.monotonic() < deadline and not self._unwanted.is_set():
            with contextlib.suppress(queue.Empty):
                connection = arrived.get(timeout=0.05)
                if connection is not None:
                    return connection
                break
            if self._process is not None and self._process.poll() is not None:
                break
        _wake(listener, secret)
        raise EngineError(
            "The engine did not start.",
            "Press Restart; if it happens again, run 'ctstudio doctor'.",
            self._last_words(),
        )

    def _reap(self) -> int | None:
        """Wait a moment for a process that has hung up, then end it; its exit code."""
        if self._process is None:
            return None
        try:
            return self._process.wait(timeout=1.0)
        except subprocess.TimeoutExpired:
            self._process.kill()
            return self._process.wait()

    def _last_words(self) -> str:
        """The end of what the process wrote on its own."""
        try:
            return self._output.read_bytes()[-2000:].decode(errors="replace")
        except OSError:
            return ""


def _listener(secret: bytes) -> Listener:
    """A door on this machine alone: a Unix socket or named pipe, else the loopback."""
    try:
        return Listener(authkey=secret)
    except OSError:
        return Listener(("127.0.0.1", 0), authkey=secret)


def _accept(listener: Listener, arrived: queue.SimpleQueue[Connection | None]) -> None:
    while True:
        try:
            arrived.put(listener.accept())
        except AuthenticationError:
            continue  # a stranger; keep waiting for the engine
        except (OSError, EOFError):
            arrived.put(None)
        return


def _wake(listener: Listener, secret: bytes) -> None:
    """Come to the door ourselves, so that the thread that waits there can go."""
    with contextlib.suppress(OSError, EOFError, AuthenticationError):
        Client(listener.address, authkey=secret).close()
