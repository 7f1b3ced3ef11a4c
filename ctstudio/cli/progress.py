"""Bars on stderr for whatever takes more than two seconds."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

from ctstudio.core.errors import Cancelled, CtStudioError, EngineError

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

    from ctstudio.protocol.events import Event, Failed
    from ctstudio.protocol.result import Result

QUIET_SECONDS = 2.0


class LateBar:
    """A progress bar that shows itself only on a terminal, and only when the work takes long."""

    def __init__(self, title: str) -> None:
        self._title = title
        self._began = time.monotonic()
        self._bar: Progress | None = None
        self._task: TaskID | None = None

    def at(self, done: float, total: float, title: str = "") -> None:
        """Say how far the work is."""
        self._title = title or self._title
        if self._bar is None and time.monotonic() - self._began >= QUIET_SECONDS:
            self._show()
        if self._bar is not None and self._task is not None:
            self._bar.update(self._task, completed=done, total=total or None, description=self._title)

    def close(self) -> None:
        """Take the bar away."""
        if self._bar is not None:
            self._bar.stop()

    def _show(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

        console = Console(stderr=True)
        if not console.is_terminal:
            return
        columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
        self._bar = Progress(*columns, console=console, transient=True)
        self._task = self._bar.add_task(self._title, total=None)
        self._bar.start()


@contextmanager
def late_bar(title: str) -> Iterator[LateBar]:
    """A bar for as long as a `with` lasts."""
    with closing(LateBar(title)) as bar:
        yield bar


def result_of(
    events: Generator[Event, None, None] | Iterator[Event], title: str, begun: Callable[[], object] | None = None
) -> Result:
    """Follow a request to its end and return its result.

    Args:
        events: What the engine says.
        title: What the bar calls the work.
        begun: Called once, at the first step: by then nothing stands against the request any more.

    Raises:
        CtStudioError: The request failed; with the exit code that the engine gave.
        Cancelled: The request was stopped.
    """
    from ctstudio.protocol.events import Failed, Finished, Loading, Stepped, Stopped

    with late_bar(title) as bar:
        try:
            for event in events:
                if isinstance(event, Stepped):
                    if begun is not None:
                        begun()
                        begun = None
                    stage = f", {event.stage}" if event.stage else ""
                    bar.at(event.done, 1.0, f"{title}, {event.sample} of {event.samples}{stage}")
                elif isinstance(event, Loading):
                    bar.at(0, 0, event.message)
                elif isinstance(event, Finished):
                    return event.result
                elif isinstance(event, Failed):
                    raise _error_of(event)
                elif isinstance(event, Stopped):
                    raise Cancelled("The request was stopped.")
        finally:
            if isinstance(events, Generator):
                events.close()
    raise EngineError("The engine ended without a result.", "Please report it.")


def _error_of(failed: Failed) -> CtStudioError:
    error = CtStudioError(failed.message, failed.remedy, failed.detail)
    error.exit_code = failed.exit_code
    return error
