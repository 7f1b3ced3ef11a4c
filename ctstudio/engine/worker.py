"""The engine's process: its door opens before torch is imported.

The main thread listens, answers and gives a sign of life each second; a second thread imports torch and works on the
queue; a third answers the live low-dose preview.
"""

from __future__ import annotations

import faulthandler
import logging
import os
import threading
import time
from collections.abc import Iterable
from contextlib import closing
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from ctstudio.core.errors import EngineError
from ctstudio.engine.line import Line
from ctstudio.engine.live_noise import LiveNoise
from ctstudio.protocol.channel import Channel
from ctstudio.protocol.commands import Cancel, Shutdown, Submit
from ctstudio.protocol.door import connect
from ctstudio.protocol.events import DeviceStatus, EngineReady, Event, Failed, Hello, Stopped
from ctstudio.protocol.live_noise import FindExposure, SimulateNoise
from ctstudio.protocol.request import Request

if TYPE_CHECKING:
    from ctstudio.engine.pipelines import Pipelines

_SIGN_SECONDS = 1.0
_FAREWELL_SECONDS = 1.0
_NICENESS = 10

_logger = logging.getLogger(__name__)


def main(pipelines: Pipelines | None = None) -> None:
    """Serve the window that started this process, then end the process.

    Args:
        pipelines: The tasks that can be run; all that the program has when None.

    Raises:
        EngineError: No window started this process.
    """
    faulthandler.enable()
    channel = connect()
    channel.send(Hello(os.getpid()))
    live = LiveNoise(channel.send)  # before the rest is made nice: somebody waits for the preview
    _be_nice()
    log = _open_log()
    code = Worker(channel, pipelines, log, live).serve()
    logging.shutdown()
    # Not sys.exit: a step may be at work in native code, and the interpreter must not be taken down under it.
    os._exit(code)


class Worker:
    """The engine between its door and its pipelines.

    Args:
        channel: The line to the desk.
        pipelines: The tasks that can be run; all that the program has when None.
        log: Where faults are written.
        live: Answers the live low-dose preview.
    """

    def __init__(self, channel: Channel, pipelines: Pipelines | None, log: Path, live: LiveNoise) -> None:
        self._channel = channel
        self._pipelines = pipelines
        self._log_file = log
        self._line = Line()
        self._live = live
        self._thread = threading.Thread(target=self._work, name="ctstudio-work", daemon=True)
        self._status = _own_memory
        self._broken = False

    def serve(self) -> int:
        """Listen until the desk says `Shutdown` or is gone; the exit code."""
        self._thread.start()
        try:
            self._listen()
        except EngineError as error:
            _logger.error("the desk sent what cannot be read: %s %s", error, error.detail)
            self._broken = True
        self._line.close()
        self._thread.join(_FAREWELL_SECONDS)
        self._channel.close()
        return 1 if self._broken else 0

    def _listen(self) -> None:
        due = time.monotonic()
        while not self._broken:
            if time.monotonic() >= due:
                self._channel.send(DeviceStatus(*self._status()))
                due = time.monotonic() + _SIGN_SECONDS
            message = self._channel.receive(due - time.monotonic())
            if self._channel.gone or isinstance(message, Shutdown):
                return
            if isinstance(message, Submit):
                self._line.join(message.request)
            elif isinstance(message, FindExposure | SimulateNoise):
                self._live.ask(message)
            elif isinstance(message, Cancel) and self._line.cancel(message.request_id):
                self._channel.send(Stopped(message.request_id))

    def _work(self) -> None:
        """The working thread: everything that needs torch."""
        try:
            self._work_on_line()
        except Exception:
            _logger.exception("the engine cannot go on")
            self._broken = True

    def _work_on_line(self) -> None:
        from ctstudio.engine import devices
        from ctstudio.engine.cache import ModelCache
        from ctstudio.engine.execution import execute
        from ctstudio.engine.pipelines import PIPELINES, warm_up

        devices.use_all_cores()
        device = devices.place().device
        cache = ModelCache()
        self._channel.send(EngineReady(devices.versions(), devices.describe(device)))
        self._status = lambda: devices.memory(device)
        pipelines = PIPELINES if self._pipelines is None else self._pipelines
        try:
            warm_up(pipelines)
        except Exception:
            _logger.exception("a pipeline cannot be imported; the first request for it will say so")
        while (request := self._line.next()) is not None:
            with closing(
                execute(request, cache, pipelines, self._line.current_cancelled, str(self._log_file))
            ) as events:
                self._report(request, events)

    def _report(self, request: Request, events: Iterable[Event]) -> None:
        """Send the events; one that cannot be sent ends its request, not the engine."""
        for event in events:
            try:
                self._channel.send(event, wait=True)
            except EngineError as error:
                _logger.error("request %s: %s %s", request.id, error, error.detail)
                self._channel.send(Failed(request.id, error.message, error.remedy, error.detail, error.exit_code))
                return


def _own_memory() -> tuple[int, int]:
    return psutil.Process().memory_info().rss, psutil.virtual_memory().total


def _be_nice() -> None:
    """Low priority, so that the window stays quick while the engine works on every core."""
    if hasattr(os, "nice"):
        os.nice(_NICENESS)
    else:
        psutil.Process().nice(psutil.BELOW_NORMAL_PRIORITY_CLASS)


def _open_log() -> Path:
    """Send the log to a file in the user's folder for logs; its path."""
    from platformdirs import user_log_path

    path = user_log_path("ctstudio", appauthor=False) / "engine.log"
    handlers: list[logging.Handler] = [logging.StreamHandler()]
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handlers.append(RotatingFileHandler(path, maxBytes=1_000_000, backupCount=2, encoding="utf-8"))
    except OSError:
        path = Path(os.devnull)
    logging.basicConfig(level=logging.INFO, handlers=handlers, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    return path
