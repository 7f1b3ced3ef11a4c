"""Jobs following a client's events, with and without a history."""

from __future__ import annotations

import time
from pathlib import Path

import scripted_engine
from ctstudio.core.errors import StorageError
from ctstudio.jobs.client import EngineClient
from ctstudio.jobs.history import History
from ctstudio.jobs.job import Job
from ctstudio.jobs.queue import JobQueue
from scripted_engine import request


def follow(client: EngineClient, queue: JobQueue, until: str, job: Job, seconds: float = 60.0) -> Job:
    deadline = time.monotonic() + seconds
    while True:
        client.poll()
        now = queue.job(job.id)
        assert now is not None
        if now.state == until:
            return now
        assert time.monotonic() < deadline, now
        time.sleep(0.01)


def test_a_job_goes_from_queued_to_finished(tmp_path: Path) -> None:
    client = EngineClient(scripted_engine.command(), tmp_path)
    history = History(tmp_path / "jobs.sqlite")
    queue = JobQueue(client, history)
    snapshots: list[Job] = []
    queue.changed.connect(snapshots.append)
    job = queue.submit(request(steps=10))
    assert queue.jobs == (job,)
    client.start()
    done = follow(client, queue, "finished", job)
    assert done.result is not None
    assert done.progress == 1.0
    assert done.created <= done.started <= done.ended
    states = [s.state for s in snapshots]
    assert [s for i, s in enumerate(states) if i == 0 or s != states[i - 1]] == ["queued", "running", "finished"]
    progress = [s.progress for s in snapshots]
    assert progress == sorted(progress)
    assert any(s.seconds_left is not None for s in snapshots)
    queue.saved(job.id, "/somewhere/0001")
    assert history.entries()[0].saved == ("/somewhere/0001",)
    assert history.entries()[0].state == "finished"
    queue.forget_arrays(job.id)
    forgotten = queue.job(job.id)
    assert forgotten is not None
    assert forgotten.result is None
    assert not forgotten.request.inputs  # a sitting of hundreds of jobs must not hold hundreds of masks
    assert forgotten.request.parameters == job.request.parameters
    client.close()


def test_jobs_outlive_the_engine(tmp_path: Path) -> None:
    client = EngineClient(scripted_engine.command(), tmp_path)
    queue = JobQueue(client)
    client.start()
    victim, waiting = queue.submit(request("die")), queue.submit(request())
    failed = follow(client, queue, "failed", victim)
    assert "engine stopped during this job" in failed.message
    assert "Restart" in failed.remedy
    left = queue.job(waiting.id)
    assert left is not None
    assert left.state == "queued"
    client.restart()
    follow(client, queue, "finished", waiting)
    client.close()


def test_again_asks_the_same_under_a_new_id(tmp_path: Path) -> None:
    client = EngineClient(scripted_engine.command(), tmp_path)
    queue = JobQueue(client)
    first = queue.submit(request())
    second = queue.again(first.id)
    assert second.id != first.id
    assert second.request.parameters == first.request.parameters
    queue.cancel(second.id)
    follow(client, queue, "stopped", second)


def test_a_history_that_cannot_be_written_is_said_and_jobs_go_on(tmp_path: Path) -> None:
    client = EngineClient(scripted_engine.command(), tmp_path)
    history = History(tmp_path / "jobs.sqlite")
    queue = JobQueue(client, history)
    troubles: list[StorageError] = []
    queue.trouble.connect(troubles.append)
    history.close()
    job = queue.submit(request())
    client.start()
    follow(client, queue, "finished", job)
    assert troubles
    assert isinstance(troubles[0], StorageError)
    client.close()
