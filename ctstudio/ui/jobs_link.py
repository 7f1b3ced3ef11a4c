"""Ties the job queue to the window: hears the engine on a timer, shows its state, brings results to their case."""

from __future__ import annotations

from PySide6.QtCore import QObject, QTimer, Signal

from ctstudio.core.errors import CtStudioError
from ctstudio.core.volume import Volume
from ctstudio.jobs.client import EngineClient
from ctstudio.jobs.job import Job
from ctstudio.jobs.queue import JobQueue
from ctstudio.protocol.events import DeviceStatus, EngineEvent, EngineReady, Preview, Stepped
from ctstudio.protocol.request import Request
from ctstudio.session.document import Case
from ctstudio.session.generation import GenerationForm
from ctstudio.session.notices import Notices
from ctstudio.session.results import HasResults
from ctstudio.session.stage_words import progress_words
from ctstudio.ui.job_bar import JobState

POLL_MS = 30
_GIB = 1 << 30
_BAR = 1000


class JobsLink(QObject):
    """The window's side of generation.

    Signals:
        state_changed: What the job bar shows now.
        preview: What a job belongs to (`HasResults`), and its image in the making.
        finished: What a job that is over belongs to; its samples are there.
    """

    state_changed = Signal(JobState)
    preview = Signal(object, Volume)
    finished = Signal(object)

    def __init__(self, client: EngineClient, notices: Notices, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.client = client
        self.queue = JobQueue(client)
        self._notices = notices
        self._owners: dict[str, HasResults] = {}
        self._names: dict[str, str] = {}
        self._step: Stepped | None = None
        self._device = ""
        self._memory = ""
        self.free_bytes: int | None = None
        client.event.connect(self._heard)
        client.state.connect(self._engine_changed)
        self.queue.changed.connect(self._job_changed)
        self._timer = QTimer(self)
        self._timer.setInterval(POLL_MS)
        self._timer.timeout.connect(client.poll)

    def start(self) -> None:
        """Start the engine and listen to it."""
        self.client.start()
        self._timer.start()

    def close(self) -> None:
        """Stop listening and end the engine."""
        self._timer.stop()
        self.client.close()

    def submit(self, case: Case, form: GenerationForm) -> Job | None:
        """Ask for a generation; what stands against it becomes a notice."""
        try:
            request = form.build_request(case)
        except CtStudioError as error:
            self._notices.report(error)
            return None
        job = self.queue_up(case, request)
        form.after_submit()
        return job

    def queue_up(self, owner: HasResults, request: Request, name: str = "") -> Job:
        """Put a request at the end of the queue; its result goes to its owner. A name stands before its progress."""
        self._owners[request.id] = owner
        return self.queue_alone(request, name)

    def queue_alone(self, request: Request, name: str) -> Job:
        """Put a request at the end of the queue whose result somebody else takes from the queue."""
        self._names[request.id] = name
        job = self.queue.submit(request)
        if self.client.status == "dead":
            self._notices.say("The job waits: the engine is down.", "Press Restart engine.", "warning")
        return job

    def cancel(self) -> None:
        """Stop the running job, or the first that waits."""
        open_jobs = [job for job in self.queue.jobs if not job.over]
        running = self.client.running
        if running is not None:
            self.queue.cancel(running)
        elif open_jobs:
            self.queue.cancel(open_jobs[0].id)

    def drop(self, case: Case) -> None:
        """A case is closed: stop its jobs, because nobody would see what they make."""
        for job_id in [job_id for job_id, owner in self._owners.items() if owner is case]:
            self.queue.cancel(job_id)

    def restart(self) -> None:
        """Start the engine again."""
        self._notices.say("Starting the engine again.")
        self.client.restart()

    def state(self) -> JobState:
        """What the job bar shows now."""
        status = self.client.status
        waiting = sum(1 for job in self.queue.jobs if job.state == "queued" and job.id != self.client.running)
        tail = f"  ·  {waiting} waiting" if waiting else ""
        if status in ("dead", "hung"):
            text = "Engine stopped unexpectedly" if status == "dead" else "The engine gives no sign of life"
            failed = "  ·  last job failed" if any(job.state == "failed" for job in self.queue.jobs[-1:]) else ""
            return JobState("red", text + failed + tail, can_restart=True)
        if status == "busy":
            return JobState("amber", self._progress_text() + tail, *self._bar(), can_cancel=True, memory=self._memory)
        if status == "starting":
            return JobState("amber", f"Engine starting …{tail}", can_cancel=waiting > 0)
        if status == "ready":
            return JobState("green", f"Engine ready, {self._device}{tail}", memory=self._memory)
        return JobState("", "Engine not started")

    def _progress_text(self) -> str:
        job = self.queue.job(self.client.running or "")
        step = self._step
        if job is not None and job.message:
            return job.message
        if job is None or step is None:
            return "Generating …"
        left = f", {job.seconds_left:.0f} s left" if job.seconds_left is not None else ""
        name = self._names.get(job.id, "")
        dose = job.request.task == "dose"
        deed = f"Simulating dose, slice {step.step} of {step.total}" if dose else ""
        return f"{name}: " * bool(name) + (deed or progress_words(job.request.parameters, step)) + left

    def _bar(self) -> tuple[int, int]:
        """How far the progress bar is, and its whole length: time where steps are not alike, else steps."""
        job = self.queue.job(self.client.running or "")
        if self._step is None:
            return 0, 0
        if job is None or not job.stage:
            return self._step.step, self._step.total
        return round(job.progress * _BAR), _BAR

    # What the engine says.

    def _heard(self, event: EngineEvent) -> None:
        if isinstance(event, Stepped):
            self._step = event
        elif isinstance(event, EngineReady):
            self._device = event.device
        elif isinstance(event, DeviceStatus) and event.memory_total_bytes:
            self.free_bytes = event.memory_total_bytes - event.memory_used_bytes
            used, total = event.memory_used_bytes / _GIB, event.memory_total_bytes / _GIB
            self._memory = f"{self._device.partition(':')[0].upper()} memory {used:.1f} of {total:.0f} GB"
        elif isinstance(event, Preview) and event.request_id in self._owners:
            self.preview.emit(self._owners[event.request_id], event.image)
        self.state_changed.emit(self.state())

    def _engine_changed(self, status: str) -> None:
        if status == "busy":
            self._step = None
        if status == "dead" and self.client.last_error is not None and self.client.running is None:
            self._notices.report(self.client.last_error)
        self.state_changed.emit(self.state())

    def _job_changed(self, job: Job) -> None:
        owner = self._owners.get(job.id)
        if owner is not None and job.over:
            del self._owners[job.id]
            if job.result is not None:
                owner.results.add(job.result)
            elif job.state == "failed":
                self._notices.say(job.message, job.remedy, "error", job.detail)
            elif job.state == "stopped":
                self._notices.say("Job cancelled." if job.request.task == "dose" else "Generation cancelled.")
            self.queue.forget_arrays(job.id)
            self.finished.emit(owner)
        if job.over:
            self._names.pop(job.id, None)
        self.state_changed.emit(self.state())
