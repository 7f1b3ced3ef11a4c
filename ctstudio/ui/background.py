"""Work beside the window: it runs in a thread, and what it gives comes back in the window's own thread."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from PySide6.QtCore import QObject, Qt, Signal

from ctstudio.core.errors import Cancelled, CtStudioError

Then = Callable[[Any], object]
Failed = Callable[[CtStudioError], object]


class Background(QObject):
    """A few threads for reading, writing and measuring."""

    _finished = Signal(object)

    def __init__(self, parent: QObject | None = None, threads: int = 2) -> None:
        super().__init__(parent)
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="beside-the-window")
        self._finished.connect(self._deliver, Qt.ConnectionType.QueuedConnection)
        self._closed = False
        self.running = 0

    def run(self, work: Callable[[], Any], then: Then, failed: Failed) -> None:
        """Run `work` in a thread; then call `then` with what it gave, or `failed` with its error, in this thread."""
        if self._closed:
            return
        self.running += 1
        future = self._threads.submit(work)
        future.add_done_callback(lambda done: self._hand_over((done, then, failed)))

    def close(self) -> None:
        """Wait for all that was asked, so that nothing is left half saved; nobody is told any more."""
        self._closed = True
        self._threads.shutdown(wait=True)

    def _hand_over(self, parcel: object) -> None:
        if not self._closed:
            self._finished.emit(parcel)

    def _deliver(self, parcel: tuple[Future[Any], Then, Failed]) -> None:
        future, then, failed = parcel
        self.running -= 1
        if self._closed or future.cancelled():
            return
        error = future.exception()
        if error is None:
            then(future.result())
        elif isinstance(error, CtStudioError):
            failed(error)
        else:
            failed(_unexpected(error))


def reporting(report: Callable[[CtStudioError], object], then: Failed = lambda _: None) -> Failed:
    """What is done with an error that a person should hear of: it is reported, unless they cancelled the work.

    Args:
        report: Tells the person.
        then: Called after that, also when the work was cancelled.
    """

    def failed(error: CtStudioError) -> None:
        if not isinstance(error, Cancelled):
            report(error)
        then(error)

    return failed


def _unexpected(error: BaseException) -> CtStudioError:
    if isinstance(error, MemoryError):
        return CtStudioError("There is not enough memory for this.", "Close other programs or cases, then try again.")
    reason = f"{type(error).__name__}: {error}"
    return CtStudioError(f"This could not be done ({reason}).", "Please report it.", reason)
