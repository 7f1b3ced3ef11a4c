"""The client against a scripted engine in a process of its own."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest

import scripted_engine
from ctstudio.core.grid import Grid
from ctstudio.core.volume import Volume
from ctstudio.jobs.client import EngineClient
from ctstudio.protocol.blocks import NAME
from ctstudio.protocol.events import EngineReady, Failed, Finished, Preview, Stepped, Stopped
from ctstudio.protocol.request import Request, new_id
from scripted_engine import GRID, request


class Desk:
    """A client with everything that it said, polled as a window would."""

    def __init__(self, folder: Path, script: str = "finish", **options: Any) -> None:
        self.client = EngineClient(scripted_engine.command(script), folder, **options)
        self.events: list[Any] = []
        self.states: list[str] = []
        self.client.event.connect(self.events.append)
        self.client.state.connect(self.states.append)

    def wait(self, until: Callable[[], bool], seconds: float = 60.0) -> None:
        deadline = time.monotonic() + seconds
        while not until():
            assert time.monotonic() < deadline, (self.states, self.events[-3:])
            self.client.poll()
            time.sleep(0.01)

    def end_of(self, one: Request) -> Any:
        ends = lambda: [e for e in self.events if isinstance(e, Finished | Failed | Stopped) and e.request_id == one.id]  # noqa: E731
        self.wait(lambda: bool(ends()))
        assert len(ends()) == 1
        return ends()[0]


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    one = Desk(tmp_path)
    one.client.start()
    yield one
    pid = one.client.pid
    one.client.close()
    assert pid is None or not psutil.pid_exists(pid)
    assert not list(Path("/dev/shm").glob(f"{NAME}_{os.getpid()}_*"))


def test_a_request_is_answered_on_the_masks_grid(desk: Desk) -> None:
    one = request(count=2)
    desk.client.submit(one)  # before the engine is ready
    finished = desk.end_of(one)
    assert isinstance(finished, Finished)
    assert [s.seed for s in finished.result.samples] == [3, 4]
    ct, mask = finished.result.samples[0].outputs["ct"], one.inputs["mask"]
    assert isinstance(ct, Volume)
    assert ct.grid == GRID
    assert ct.synthetic
    assert (ct.array[0] == -1024).all()
    assert np.array_equal(finished.result.samples[0].outputs["mask"].array, mask.array)
    assert [e.step for e in desk.events if isinstance(e, Stepped)] == list(range(1, 11))
    assert any(isinstance(e, Preview) for e in desk.events)
    assert desk.states == ["starting", "ready", "busy", "ready"]


def test_nothing_is_said_outside_poll(desk: Desk) -> None:
    desk.client.submit(request())
    time.sleep(0.8)
    assert desk.events == []
    desk.wait(lambda: any(isinstance(e, EngineReady) for e in desk.events))


def test_submitting_does_not_wait_for_the_copy(desk: Desk) -> None:
    desk.wait(lambda: desk.client.status == "ready")
    grid = Grid((128, 512, 512))
    big = Request(new_id(), "s", "t", "m", {"script": "fail"}, {"scan": Volume(np.zeros(grid.shape, np.float32), grid)})
    began = time.perf_counter()
    desk.client.submit(big)
    assert time.perf_counter() - began < 0.1
    assert isinstance(desk.end_of(big), Failed)


def test_three_in_the_queue_and_the_second_fails(desk: Desk) -> None:
    three = [request(), request("fail"), request()]
    for one in three:
        desk.client.submit(one)
    ends = [desk.end_of(one) for one in three]
    assert [type(e) for e in ends] == [Finished, Failed, Finished]
    assert (ends[1].message, ends[1].exit_code) == ("The mask is empty.", 2)


def test_cancel_the_running_and_a_waiting_request(desk: Desk) -> None:
    running, waiting, last = request("slow"), request(), request()
    for one in (running, waiting, last):
        desk.client.submit(one)
    desk.wait(lambda: any(isinstance(e, Stepped) for e in desk.events))
    desk.client.cancel(waiting.id)
    desk.client.cancel(running.id)
    assert desk.end_of(waiting) == Stopped(waiting.id)
    assert desk.end_of(running) == Stopped(running.id)
    assert isinstance(desk.end_of(last), Finished)
    assert max(e.step for e in desk.events if isinstance(e, Stepped) and e.request_id == running.id) <= 3
    desk.client.cancel("nobody")
    desk.client.cancel(last.id)


def test_an_engine_that_does_not_come_is_dead_and_says_why(tmp_path: Path) -> None:
    desk = Desk(tmp_path, "no_show")
    one = request()
    desk.client.submit(one)
    desk.client.start()
    desk.wait(lambda: desk.client.status == "dead")
    error = desk.client.last_error
    assert error is not None
    assert "did not start" in error.message
    assert "does not come" in error.detail
    assert desk.events == []  # the request waits for a restart
    desk.client.close()


def test_a_program_that_is_not_there(tmp_path: Path) -> None:
    client = EngineClient([str(tmp_path / "nothing")], tmp_path)
    client.start()
    deadline = time.monotonic() + 30
    while client.status != "dead" and time.monotonic() < deadline:
        client.poll()
        time.sleep(0.01)
    assert client.status == "dead"
    client.close()
    assert client.status == "stopped"


def test_close_while_starting_and_twice(tmp_path: Path) -> None:
    desk = Desk(tmp_path, "never_ready")
    desk.client.start()
    began = time.monotonic()
    desk.client.close()
    desk.client.close()
    assert time.monotonic() - began < 8
    assert desk.client.pid is None


def test_the_secret_is_not_on_the_command_line(desk: Desk) -> None:
    desk.wait(lambda: desk.client.status == "ready")
    assert desk.client.pid is not None
    process = psutil.Process(desk.client.pid)
    assert process.cmdline() == scripted_engine.command("finish")
    assert not any(name.startswith(("QT_", "VTK_")) for name in process.environ())
