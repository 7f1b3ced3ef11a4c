"""The jobs of this sitting, in the order they were asked for; they outlive the engine."""

from __future__ import annotations

import dataclasses
import time
from typing import Any

from psygnal import Signal

from ctstudio.core.errors import CtStudioError, StorageError
from ctstudio.jobs.client import EngineClient
from ctstudio.jobs.history import History
from ctstudio.jobs.job import Job, now_utc
from ctstudio.jobs.progress import Countdown
from ctstudio.protocol.events import EngineEvent, Failed, Finished, Loading, Preview, Stepped, Stopped
from ctstudio.protocol.request import Request, new_id


class JobQueue:
    """Follows the client's events and keeps a `Job` for each request.

    Args:
        client: The line to the engine.
        history: Where jobs are remembered beyond this sitting, if anywhere.
    """

    changed = Signal(Job)
    """A job is new or has changed."""
    trouble = Signal(CtStudioError)
    """The history cannot be written; the jobs themselves go on."""

    def __init__(self, client: EngineClient, history: History | None = None) -> None:
        self._client = client
        self._history = history
        self._jobs: dict[str, Job] = {}
        self._countdowns: dict[str, Countdown] = {}
        client.event.connect(self._follow)

    @property
    def jobs(self) -> tuple[Job, ...]:
        """All jobs of this sitting, the oldest first."""
        return tuple(self._jobs.values())

    def job(self, job_id: str) -> Job | None:
        """One job."""
        return self._jobs.get(job_id)

    @property
    def running(self) -> Job | None:
        """The job the engine works on."""
        return next((job for job in self._jobs.values() if job.state == "running"), None)

    def submit(self, request: Request) -> Job:
        """Put a request at the end of the queue."""
        job = Job(request.id, request, created=now_utc())
        self._keep(job)
        self._client.submit(request)
        return job

    def again(self, job_id: str) -> Job:
        """Ask once more for what a job asked; a new job. Not after `forget_arrays`."""
        return self.submit(dataclasses.replace(self._jobs[job_id].request, id=new_id()))

    def cancel(self, job_id: str) -> None:
        """Stop a job, or take it off the queue."""
        self._client.cancel(job_id)

    def saved(self, job_id: str, place: str) -> None:
        """Note where a result was saved."""
        self._remember(lambda history: history.saved(job_id, place))

    def forget_arrays(self, job_id: str) -> None:
        """Let go of the arrays of a job that is over, asked and made; the job stays, but cannot be asked again."""
        job = self._jobs.get(job_id)
        if job is not None and job.over:
            request = dataclasses.replace(job.request, inputs={})
            self._jobs[job_id] = dataclasses.replace(job, request=request, result=None)

    def _follow(self, event: EngineEvent) -> None:
        job = self._jobs.get(getattr(event, "request_id", ""))
        if job is None or job.over:
            return
        if isinstance(event, Stepped):
            self._step(job, event)
        elif isinstance(event, Loading):
            self._begin(job, message=event.message)
        elif isinstance(event, Preview):
            self._begin(job)
        elif isinstance(event, Finished):
            self._end(job, state="finished", progress=1.0, result=event.result, message="")
        elif isinstance(event, Failed):
            told = {"message": event.message, "remedy": event.remedy, "detail": event.detail}
            self._end(job, state="failed", **told)
        elif isinstance(event, Stopped):
            self._end(job, state="stopped", message="Stopped.")

    def _step(self, job: Job, event: Stepped) -> None:
        countdown = self._countdowns.setdefault(job.id, Countdown())
        left = countdown.update(time.monotonic(), event.step, event.total, event.seconds_left)
        self._begin(job, progress=event.done, stage=event.stage, seconds_left=left, message="")

    def _begin(self, job: Job, **changes: Any) -> None:
        started = job.started or now_utc()
        self._keep(dataclasses.replace(job, state="running", started=started, **changes))

    def _end(self, job: Job, **changes: Any) -> None:
        self._countdowns.pop(job.id, None)
        self._keep(dataclasses.replace(job, ended=now_utc(), seconds_left=None, **changes))

    def _keep(self, job: Job) -> None:
        before = self._jobs.get(job.id)
        self._jobs[job.id] = job
        if before is None or before.state != job.state:
            self._remember(lambda history: history.record(job))
        self.changed.emit(job)

    def _remember(self, write: Any) -> None:
        if self._history is None:
            return
        try:
            write(self._history)
        except StorageError as error:
            self.trouble.emit(error)
