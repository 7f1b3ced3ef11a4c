"""The desk's voice and ear: submit, cancel, and hear what the engine says, without ever waiting for it.

Threads only fill a queue. Everything is said, and every state changes, inside `poll`, which the window calls from a
timer; so listeners run in the window's own thread.
"""

from __future__ import annotations

import queue
import time
from collections import deque
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from psygnal import Signal

from ctstudio.core.errors import EngineError
from ctstudio.jobs.engine_process import EngineProcess, Gone, own_command
from ctstudio.protocol.commands import Cancel, Submit
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
from ctstudio.protocol.request import Request
from ctstudio.protocol.wire import Message

EngineState = Literal["stopped", "starting", "ready", "busy", "hung", "dead"]
"""`hung`: at work without a sign of life; `kill` and `restart` help. `dead`: it ended by itself; `restart` helps."""

HUNG_SECONDS = 15.0


class EngineClient:
    """Starts one engine and gives it one request at a time; the others wait here and survive its death.

    Args:
        command: What to start instead of the program's own engine.
        log_folder: For what the process writes on its own; the user's folder for logs by default.
        hung_seconds: Without a sign of life for so long during a job, the engine counts as hung.
    """

    event = Signal(object)
    """Every `EngineEvent`."""
    state = Signal(str)
    """Every new `EngineState`."""

    def __init__(
        self,
        command: Sequence[str] | None = None,
        log_folder: Path | None = None,
        hung_seconds: float = HUNG_SECONDS,
    ) -> None:
        self._command = own_command() if command is None else list(command)
        self._log_folder = log_folder
        self._hung_seconds = hung_seconds
        self._inbox: queue.SimpleQueue[tuple[EngineProcess | None, Message | Gone]] = queue.SimpleQueue()
        self._process: EngineProcess | None = None
        self._status: EngineState = "stopped"
        self._waiting: deque[Request] = deque()
        self._running: str | None = None
        self._last_sign = 0.0
        self._last_error: EngineError | None = None

    @property
    def status(self) -> EngineState:
        """The engine's state now."""
        return self._status

    @property
    def pid(self) -> int | None:
        """The engine's process id; None while there is none."""
        return self._process.pid if self._process is not None else None

    @property
    def running(self) -> str | None:
        """The request the engine works on."""
        return self._running

    @property
    def last_error(self) -> EngineError | None:
        """Why the engine is dead."""
        return self._last_error

    def start(self) -> None:
        """Start the engine if there is none; returns at once."""
        if self._process is None:
            self._last_error = None
            self._process = EngineProcess(self._command, self._folder(), self._hear)
            self._become("starting")

    def submit(self, request: Request) -> None:
        """Put a request at the end of the queue; its arrays must not change any more."""
        self._waiting.append(request)
        self._send_next()

    def cancel(self, request_id: str) -> None:
        """Take a request off the queue, or stop it within one step; `Stopped` follows."""
        if request_id == self._running and self._process is not None:
            self._process.send(Cancel(request_id))
            return
        left = deque(request for request in self._waiting if request.id != request_id)
        if len(left) < len(self._waiting):
            self._waiting = left
            self._inbox.put((None, Stopped(request_id)))

    def ask(self, question: FindExposure | SimulateNoise) -> bool:
        """Ask what no job has to wait for, at once; False while there is no engine to ask."""
        if self._process is None or self._status not in ("ready", "busy"):
            return False
        self._process.send(question)
        return True

    def kill(self) -> None:
        """End a hung engine at once: its job fails, the waiting ones stay."""
        if self._process is not None:
            self._process.kill()

    def restart(self) -> None:
        """End the engine, if it still lives, and start another; waiting requests go to the new one."""
        self.kill()
        self._let_go(grace_seconds=0.0)
        if self._running is not None:
            self._inbox.put((None, _lost(self._running, "The engine was restarted during this job.")))
            self._running = None
        self.start()

    def close(self) -> None:
        """End the engine and remove its shared memory; waits a few seconds at most."""
        self._let_go(grace_seconds=2.0)
        self._running = None
        self._become("stopped")

    def poll(self) -> None:
        """Say everything that has been heard since the last call. Call this often, from one thread."""
        while True:
            try:
                source, heard = self._inbox.get_nowait()
            except queue.Empty:
                break
            if source is None or source is self._process:
                self._take(heard)
        silent = time.monotonic() - self._last_sign
        if self._status == "busy" and silent > self._hung_seconds:
            self._become("hung")

    def _hear(self, source: EngineProcess, heard: Message | Gone) -> None:
        """In the thread of the process."""
        self._inbox.put((source, heard))

    def _take(self, heard: Message | Gone) -> None:
        if isinstance(heard, Gone):
            self._bury(heard.error)
            return
        self._last_sign = time.monotonic()
        if self._status == "hung":
            self._become("busy")
        if isinstance(heard, EngineReady):
            self._become("ready")
        ended = isinstance(heard, Finished | Failed | Stopped) and heard.request_id == self._running
        if ended:
            self._running = None
            self._become("ready")
        if isinstance(heard, EngineReady) or ended:
            self._send_next()
        if isinstance(heard, _SAID):
            self.event.emit(heard)

    def _send_next(self) -> None:
        if self._status == "ready" and self._waiting and self._process is not None:
            request = self._waiting.popleft()
            self._running = request.id
            self._last_sign = time.monotonic()
            self._process.send(Submit(request))
            self._become("busy")

    def _bury(self, error: EngineError) -> None:
        self._process = None
        self._last_error = error
        running, self._running = self._running, None
        self._become("dead")
        if running is not None:
            self.event.emit(_lost(running, f"{error.message.rstrip('.')} during this job.", error.detail))

    def _let_go(self, grace_seconds: float) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.end(grace_seconds)

    def _become(self, status: EngineState) -> None:
        if status != self._status:
            self._status = status
            self.state.emit(status)

    def _folder(self) -> Path:
        if self._log_folder is not None:
            return self._log_folder
        from platformdirs import user_log_path

        return user_log_path("ctstudio", appauthor=False)


_SAID = (
    Loading,
    Stepped,
    Preview,
    Finished,
    Failed,
    Stopped,
    Hello,
    EngineReady,
    DeviceStatus,
    ExposureFound,
    NoiseSimulated,
)


def _lost(request_id: str, message: str, detail: str = "") -> Failed:
    return Failed(request_id, message, "Press Restart; the jobs that wait are kept.", detail, 1)
