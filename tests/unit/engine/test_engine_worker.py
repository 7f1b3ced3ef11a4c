"""The worker between its door and its pipelines, on a pipe in this process."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from multiprocessing.connection import Pipe
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tiny_system
from ctstudio.core.grid import Grid
from ctstudio.core.volume import Volume
from ctstudio.engine.live_noise import LiveNoise
from ctstudio.engine.worker import Worker
from ctstudio.measure.scanner import Scanner
from ctstudio.protocol.blocks import OwnedBlocks
from ctstudio.protocol.channel import Channel
from ctstudio.protocol.commands import Cancel, Shutdown, Submit
from ctstudio.protocol.events import DeviceStatus, EngineReady, Failed, Finished, Loading, Stepped, Stopped
from ctstudio.protocol.live_noise import NoiseSimulated, SimulateNoise


class Desk:
    """A desk's end of the line with the worker at the other."""

    def __init__(self, folder: Path) -> None:
        here, there = Pipe()
        blocks = OwnedBlocks()
        self.channel = Channel(here, blocks)
        line = Channel(there, blocks)
        self.worker = Worker(line, tiny_system.PIPELINES, folder / "engine.log", LiveNoise(line.send))
        self.codes: list[int] = []
        self.thread = threading.Thread(target=lambda: self.codes.append(self.worker.serve()))
        self.thread.start()

    def next(self) -> Any:
        while isinstance(message := self.channel.receive(), DeviceStatus):
            pass
        return message

    def until_end(self, request_id: str) -> list[Any]:
        seen = []
        while True:
            seen.append(self.next())
            if isinstance(seen[-1], Finished | Failed | Stopped) and seen[-1].request_id == request_id:
                return seen

    def end(self) -> int:
        self.channel.send(Shutdown())
        self.thread.join(5)
        self.channel.close()
        return self.codes[0]


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return tiny_system.write_model(tmp_path)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    one = Desk(tmp_path)
    assert isinstance(one.next(), EngineReady)
    yield one
    assert one.end() == 0


def test_requests_are_served_in_order(desk: Desk, model: Path) -> None:
    requests = [tiny_system.request(model) for _ in range(3)]
    for request in requests:
        desk.channel.send(Submit(request))
    for request in requests:
        events = desk.until_end(request.id)
        assert {e.request_id for e in events} == {request.id}
        assert isinstance(events[-1], Finished)


@pytest.mark.parametrize(
    ("trouble", "code", "words"),
    [
        ("mask", 2, "The mask is empty"),
        ("bug", 1, "A fault in the program stopped this job: ZeroDivisionError"),
        ("cpu memory", 1, "not enough memory"),
    ],
)
def test_a_failed_request_says_why_and_the_next_one_runs(
    desk: Desk, model: Path, trouble: str, code: int, words: str
) -> None:
    bad, good = tiny_system.request(model, trouble=trouble), tiny_system.request(model)
    desk.channel.send(Submit(bad))
    desk.channel.send(Submit(good))
    failed = desk.until_end(bad.id)[-1]
    assert isinstance(failed, Failed)
    assert failed.exit_code == code
    assert words in failed.message
    assert failed.remedy
    assert isinstance(desk.until_end(good.id)[-1], Finished)
    if trouble == "bug":
        assert "Traceback" in failed.detail
        assert "engine.log" in failed.remedy


def test_cancel_stops_the_running_request_within_one_step(desk: Desk, model: Path) -> None:
    request = tiny_system.request(model, steps=1000, step_seconds=0.05)
    desk.channel.send(Submit(request))
    assert isinstance(desk.next(), Loading)
    assert isinstance(desk.next(), Stepped)
    desk.channel.send(Cancel(request.id))
    rest = desk.until_end(request.id)
    assert isinstance(rest[-1], Stopped)
    assert len(rest) <= 3
    assert request.id in tiny_system.CLOSED


def test_cancel_takes_a_waiting_request_off_the_queue(desk: Desk, model: Path) -> None:
    first, second, third = (tiny_system.request(model, steps=4, step_seconds=0.05) for _ in range(3))
    for request in (first, second, third):
        desk.channel.send(Submit(request))
    desk.channel.send(Cancel(second.id))
    seen = desk.until_end(third.id)
    assert [e for e in seen if e.request_id == second.id] == [Stopped(second.id)]
    assert [e.request_id for e in seen if isinstance(e, Finished)] == [first.id, third.id]


def test_a_pipeline_that_cancels_itself_is_stopped(desk: Desk, model: Path) -> None:
    request = tiny_system.request(model, trouble="cancelled")
    desk.channel.send(Submit(request))
    assert isinstance(desk.until_end(request.id)[-1], Stopped)


def test_a_sign_of_life_each_second_while_a_step_takes_long(desk: Desk, model: Path) -> None:
    request = tiny_system.request(model, steps=1, step_seconds=2.2)
    desk.channel.send(Submit(request))
    signs = 0
    while not isinstance(message := desk.channel.receive(), Stepped):
        signs += isinstance(message, DeviceStatus)
    assert signs >= 2


def test_shutdown_during_a_request_ends_the_worker(tmp_path: Path, model: Path) -> None:
    desk = Desk(tmp_path)
    desk.channel.send(Submit(tiny_system.request(model, steps=1000, step_seconds=0.02)))
    while not isinstance(desk.next(), Stepped):
        pass
    assert desk.end() == 0


def test_the_live_preview_is_answered_while_a_job_runs(desk: Desk, model: Path) -> None:
    job = tiny_system.request(model, steps=400, step_seconds=0.05)
    desk.channel.send(Submit(job))
    while not isinstance(desk.next(), Stepped):
        pass
    scan = Volume(np.zeros((1, 32, 32), np.float32), Grid((1, 32, 32), (6.0, 6.0, 5.0)))
    desk.channel.send(SimulateNoise("live", scan, 3, 0, 1e5, Scanner()))
    answer = desk.next()
    while isinstance(answer, Stepped):
        answer = desk.next()
    assert isinstance(answer, NoiseSimulated)
    assert (answer.request_id, answer.photons_hu.grid, answer.detector_hu) == ("live", scan.grid, None)
    desk.channel.send(Cancel(job.id))
    assert isinstance(desk.until_end(job.id)[-1], Stopped)


def test_unreadable_bytes_end_the_worker_with_an_error(tmp_path: Path) -> None:
    here, there = Pipe()
    line = Channel(there, OwnedBlocks())
    worker = Worker(line, tiny_system.PIPELINES, tmp_path / "engine.log", LiveNoise(line.send))
    here.send_bytes(b"rubbish")
    assert worker.serve() == 1
