"""The requests that wait, first come first served, and the one that is worked on."""

from __future__ import annotations

import threading
from collections import deque

from ctstudio.protocol.request import Request


class Line:
    """A queue between the thread that listens and the thread that works."""

    def __init__(self) -> None:
        self._waiting: deque[Request] = deque()
        self._changed = threading.Condition()
        self._current: str | None = None
        self._current_cancelled = False
        self._closed = False

    def join(self, request: Request) -> None:
        """Put a request at the end."""
        with self._changed:
            self._waiting.append(request)
            self._changed.notify()

    def next(self) -> Request | None:
        """Wait for a request and make it the current one; None when the line is closed."""
        with self._changed:
            self._current = None
            self._changed.wait_for(lambda: self._closed or self._waiting)
            if self._closed:
                return None
            request = self._waiting.popleft()
            self._current, self._current_cancelled = request.id, False
            return request

    def cancel(self, request_id: str) -> bool:
        """Cancel a request; True when it was still waiting and is gone now."""
        with self._changed:
            if request_id == self._current:
                self._current_cancelled = True
                return False
            before = len(self._waiting)
            self._waiting = deque(r for r in self._waiting if r.id != request_id)
            return len(self._waiting) < before

    def current_cancelled(self) -> bool:
        """Whether the current request must stop."""
        with self._changed:
            return self._current_cancelled or self._closed

    def close(self) -> None:
        """Stop the current request and drop the others."""
        with self._changed:
            self._closed = True
            self._waiting.clear()
            self._changed.notify_all()
