"""One job: a request and what has become of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from ctstudio.protocol.request import Request
from ctstudio.protocol.result import Result

JobState = Literal["queued", "running", "finished", "failed", "stopped"]


@dataclass(frozen=True)
class Job:
    """A snapshot; a change makes a new one.

    Attributes:
        id: The request's id.
        request: What was asked.
        state: What has become of it.
        progress: Share of the work done, 0 to 1.
        stage: What is being done, where a task has several stages.
        seconds_left: Estimate; None while unknown.
        message: What to show beside it: what is loading, or why it failed.
        remedy: What the user can do when it failed.
        detail: For the log.
        result: When finished, until `JobQueue.forget_arrays`.
        created: UTC, ISO 8601; likewise `started` and `ended`, empty until then.
    """

    id: str
    request: Request
    state: JobState = "queued"
    progress: float = 0.0
    stage: str = ""
    seconds_left: float | None = None
    message: str = ""
    remedy: str = ""
    detail: str = ""
    result: Result | None = None
    created: str = ""
    started: str = ""
    ended: str = ""

    @property
    def over(self) -> bool:
        """Whether nothing more will happen to it."""
        return self.state in ("finished", "failed", "stopped")


def now_utc() -> str:
    """The time now, UTC, ISO 8601 to the millisecond."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")
