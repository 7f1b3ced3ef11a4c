"""The engine killed, hung, babbling, or left alone: it costs one job, never the desk, and leaves nothing behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

import scripted_engine
import tiny_system
import tiny_worker
from ctstudio.jobs.client import EngineClient
from ctstudio.jobs.queue import JobQueue
from ctstudio.protocol.blocks import NAME
from ctstudio.protocol.events import EngineReady, Failed, Finished, Hello, Stepped, Stopped
from ctstudio.protocol.request import Request
from scripted_engine import request

SHARED = Path("/dev/shm")
pytestmark = pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs SIGKILL")


class Desk:
    """A client polled as a window would, with everything that it said."""

    def __init__(self, folder: Path, command: list[str], **options: Any) -> None:
        self.client = EngineClient(command, folder, **options)
        self.queue = JobQueue(self.client)
        self.events: list[Any] = []
        self.client.event.connect(self.events.append)
        self.client.start()

    def wait(self, until: Callable[[], object], seconds: float = 60.0) -> None:
        deadline = time.monotonic() + seconds
        while not until():
            assert time.monotonic() < deadline, (self.client.status, self.client.last_error, self.events[-3:])
            self.client.poll()
            time.sleep(0.01)

    def end_of(self, one: Request) -> Any:
        kinds = (Finished, Failed, Stopped)
        self.wait(lambda: any(isinstance(e, kinds) and e.request_id == one.id for e in self.events))
        (end,) = [e for e in self.events if isinstance(e, kinds) and e.request_id == one.id]
        return end

    def until_step(self, one: Request) -> None:
        self.wait(lambda: any(isinstance(e, Stepped) and e.request_id == one.id for e in self.events))

    def pid(self) -> int:
        assert self.client.pid is not None
        return self.client.pid


def segments(desk_pid: int) -> list[str]:
    """The desk's blocks of shared memory that are there."""
    return [p.name for p in SHARED.glob(f"{NAME}_{desk_pid}_*")]


@pytest.fixture
def desks(tmp_path: Path) -> Iterator[Callable[..., Desk]]:
    opened: list[Desk] = []

    def open_one(command: list[str], **options: Any) -> Desk:
        opened.append(Desk(tmp_path, command, **options))
        return opened[-1]

    yield open_one
    for desk in opened:
        pid = desk.client.pid
        desk.client.close()
        assert pid is None or not psutil.pid_exists(pid)
    assert not segments(os.getpid())


def test_killed_mid_step_costs_one_job_and_restart_works(desks: Callable[..., Desk], tmp_path: Path) -> None:
    desk = desks(tiny_worker.command())
    model = tiny_system.write_model(tmp_path)
    victim = tiny_system.request(model, steps=1000, step_seconds=0.02)
    waiting = tiny_system.request(model)
    desk.queue.submit(victim)
    desk.queue.submit(waiting)
    desk.until_step(victim)
    os.kill(desk.pid(), signal.SIGKILL)
    failed = desk.end_of(victim)
    assert isinstance(failed, Failed)
    assert "engine stopped" in failed.message
    assert "Restart" in failed.remedy
    assert failed.exit_code == 1
    assert desk.client.status == "dead"
    assert [job.state for job in desk.queue.jobs] == ["failed", "queued"]
    desk.client.restart()
    finished = desk.end_of(waiting)
    assert isinstance(finished, Finished)
    assert finished.result.samples[0].outputs["ct"].array.std() == pytest.approx(2.0, rel=0.02)


def test_the_real_engine_cancels_within_one_step_and_survives_faults(
    desks: Callable[..., Desk], tmp_path: Path
) -> None:
    desk = desks(tiny_worker.command())
    model = tiny_system.write_model(tmp_path)
    long = tiny_system.request(model, steps=1000, step_seconds=0.1)
    short_of_memory = tiny_system.request(model, trouble="cpu memory")
    last = tiny_system.request(model)
    for one in (long, short_of_memory, last):
        desk.client.submit(one)
    desk.until_step(long)
    steps = sum(isinstance(e, Stepped) for e in desk.events)
    asked = time.monotonic()
    desk.client.cancel(long.id)
    assert isinstance(desk.end_of(long), Stopped)
    assert time.monotonic() - asked < 3.0
    assert sum(isinstance(e, Stepped) and e.request_id == long.id for e in desk.events) <= steps + 2
    failed = desk.end_of(short_of_memory)
    assert isinstance(failed, Failed)
    assert "not enough memory" in failed.message
    assert isinstance(desk.end_of(last), Finished)


def test_the_programs_own_engine_says_hello_before_torch(desks: Callable[..., Desk]) -> None:
    desk = desks(EngineClient()._command)
    desk.wait(lambda: desk.client.status == "ready", seconds=60)
    assert [type(e) for e in desk.events if isinstance(e, Hello | EngineReady)] == [Hello, EngineReady]
    ready = next(e for e in desk.events if isinstance(e, EngineReady))
    assert ready.versions["torch"]
    assert psutil.Process(desk.pid()).nice() >= 10


def test_an_engine_that_dies_with_its_shared_memory_full(desks: Callable[..., Desk]) -> None:
    desk = desks(scripted_engine.command())
    first, victim, last = request(), request("die"), request()
    for one in (first, victim, last):
        desk.client.submit(one)
    assert isinstance(desk.end_of(first), Finished)
    assert isinstance(desk.end_of(victim), Failed)
    desk.client.restart()
    assert isinstance(desk.end_of(last), Finished)


def test_an_engine_that_babbles_is_ended(desks: Callable[..., Desk]) -> None:
    desk = desks(scripted_engine.command())
    desk.wait(lambda: desk.client.status == "ready")
    pid = desk.pid()
    one = request("malformed")
    desk.client.submit(one)
    failed = desk.end_of(one)
    assert isinstance(failed, Failed)
    assert "cannot be read" in failed.message
    assert desk.client.status == "dead"
    assert not psutil.pid_exists(pid)


def test_a_hung_engine_is_seen_killed_and_restarted(desks: Callable[..., Desk]) -> None:
    desk = desks(scripted_engine.command(), hung_seconds=1.5)
    hung, next_one = request("hang"), request()
    desk.client.submit(hung)
    desk.client.submit(next_one)
    desk.wait(lambda: desk.client.status == "hung")
    desk.client.kill()
    assert isinstance(desk.end_of(hung), Failed)
    assert desk.client.status == "dead"
    desk.client.restart()
    assert isinstance(desk.end_of(next_one), Finished)


def test_a_long_step_with_signs_of_life_is_not_hung(desks: Callable[..., Desk]) -> None:
    desk = desks(scripted_engine.command(), hung_seconds=2.5)
    one = request("slow", steps=50)
    desk.client.submit(one)
    states: list[str] = []
    desk.client.state.connect(states.append)
    began = time.monotonic()
    desk.wait(lambda: time.monotonic() - began > 3.5)
    assert "hung" not in states


def test_restart_in_the_middle_of_a_job(desks: Callable[..., Desk]) -> None:
    desk = desks(scripted_engine.command())
    one, other = request("stubborn"), request()
    desk.client.submit(one)
    desk.client.submit(other)
    desk.until_step(one)
    old = desk.pid()
    desk.client.restart()
    assert not psutil.pid_exists(old)
    failed = desk.end_of(one)
    assert isinstance(failed, Failed)
    assert "restarted" in failed.message
    assert isinstance(desk.end_of(other), Finished)


def test_closing_ends_even_a_stubborn_engine(tmp_path: Path) -> None:
    desk = Desk(tmp_path, scripted_engine.command())
    one = request("stubborn")
    desk.client.submit(one)
    desk.until_step(one)
    time.sleep(0.3)
    pid = desk.pid()
    began = time.monotonic()
    desk.client.close()
    assert time.monotonic() - began < 10
    assert not psutil.pid_exists(pid)


def test_three_jobs_and_the_one_that_fails_keeps_nobody(desks: Callable[..., Desk]) -> None:
    desk = desks(scripted_engine.command())
    three = [request(), request("out_of_memory"), request()]
    for one in three:
        desk.queue.submit(one)
    for one in three:
        desk.end_of(one)
    assert [job.state for job in desk.queue.jobs] == ["finished", "failed", "finished"]


LONELY = """
import os, signal, sys, time
sys.path[:0] = [{root!r}, {tests!r}]
from pathlib import Path
import numpy as np
import scripted_engine, tiny_worker
from ctstudio.core.grid import Grid
from ctstudio.core.volume import Volume
from ctstudio.protocol.request import Request
from ctstudio.jobs.client import EngineClient
from ctstudio.protocol.events import Stepped
client = EngineClient(tiny_worker.command(), Path({folder!r}))
seen = []
client.event.connect(seen.append)
grid = Grid((16, 128, 128))
told = dict(seed=1, steps=1000, step_seconds=0.02)
scan = Volume(np.zeros(grid.shape, np.float32), grid)
client.submit(Request("lonely", "tiny", "add", {model!r}, told, dict(mask=scan), "cpu"))
client.start()
while not any(isinstance(e, Stepped) for e in seen):
    client.poll()
    time.sleep(0.01)
count = len(list(Path("/dev/shm").glob(f"ctstudio_{{os.getpid()}}_*")))
print(client.pid, os.getpid(), count if Path("/dev/shm").is_dir() else 1, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_desk_that_is_killed_takes_its_engine_with_it(tmp_path: Path) -> None:
    tests = Path(scripted_engine.__file__).parent
    model = str(tiny_system.write_model(tmp_path))
    script = LONELY.format(root=str(tests.parent), tests=str(tests), folder=str(tmp_path), model=model)
    desk = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60)
    assert desk.returncode == -signal.SIGKILL, desk.stderr
    engine_pid, desk_pid, had_segments = map(int, desk.stdout.split())
    assert had_segments
    deadline = time.monotonic() + 20
    while psutil.pid_exists(engine_pid) or segments(desk_pid):
        assert time.monotonic() < deadline, (engine_pid, segments(desk_pid))
        time.sleep(0.05)
