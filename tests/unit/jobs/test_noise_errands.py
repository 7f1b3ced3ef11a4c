"""Questions about the live low dose: one under way, the newest next, and again after the engine's death."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

import scripted_engine
from ctstudio.catalog.low_dose import CARD
from ctstudio.core.grid import Grid
from ctstudio.core.volume import Volume
from ctstudio.jobs.client import EngineClient
from ctstudio.jobs.noise_errands import NoiseErrands
from ctstudio.measure.scanner import Scanner
from ctstudio.protocol.events import Failed
from ctstudio.protocol.live_noise import ExposureFound, FindExposure, NoiseSimulated, SimulateNoise


class Line:
    """Errands over a scripted engine, and their answers."""

    def __init__(self, folder: Path, script: str, once: bool = False) -> None:
        memory = folder / "played" if once else None
        self.client = EngineClient(command=scripted_engine.command(script, memory), log_folder=folder)
        self.errands = NoiseErrands(self.client)
        self.answers: list[ExposureFound | NoiseSimulated | Failed] = []
        for signal in (self.errands.found, self.errands.simulated, self.errands.failed):
            signal.connect(self.answers.append)

    def until(self, condition: Callable[[], object], seconds: float = 30.0) -> None:
        end = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < end
            self.client.poll()
            time.sleep(0.01)


def question(name: str) -> SimulateNoise:
    scan = Volume(np.zeros((1, 300, 300), np.float32), Grid((1, 300, 300)))  # goes through shared memory
    return SimulateNoise(name, scan, 2, 0, 1e5, Scanner(electronic_noise=3.0))


@pytest.fixture
def line(tmp_path: Path) -> Iterator[Line]:
    line = Line(tmp_path, "finish")
    yield line
    line.client.close()


def test_questions_wait_for_the_engine_and_only_the_newest_of_them_goes_out(line: Line) -> None:
    for name in ("first", "second", "third"):
        line.errands.ask(question(name))
    assert line.errands.busy
    line.client.start()
    line.until(lambda: line.answers)
    assert [answer.request_id for answer in line.answers] == ["third"]
    assert not line.errands.busy
    [answer] = line.answers
    assert isinstance(answer, NoiseSimulated)
    assert answer.photons_hu.array.std() == pytest.approx(10.0, rel=0.02)


def test_one_is_under_way_and_the_newest_follows(line: Line) -> None:
    line.client.start()
    line.until(lambda: line.client.status == "ready")
    scan = Volume(np.zeros((1, 16, 16), np.float32), Grid((1, 16, 16)))
    line.errands.ask(FindExposure("find", scan, CARD.defaults()))
    for name in ("dropped", "kept"):
        line.errands.ask(question(name))
    line.until(lambda: len(line.answers) == 2)
    assert [answer.request_id for answer in line.answers] == ["find", "kept"]
    assert isinstance(line.answers[0], ExposureFound)


def test_a_question_under_way_when_the_engine_died_is_asked_again(tmp_path: Path) -> None:
    line = Line(tmp_path, "noise_dies", once=True)
    try:
        line.client.start()
        line.until(lambda: line.client.status == "ready")
        line.errands.ask(question("one"))
        line.until(lambda: line.client.status == "dead")
        assert line.answers == []
        assert line.errands.busy
        line.client.restart()
        line.until(lambda: line.answers)
        assert isinstance(line.answers[0], NoiseSimulated)
    finally:
        line.client.close()


def test_a_refusal_is_told(tmp_path: Path) -> None:
    line = Line(tmp_path, "noise_fails")
    try:
        line.client.start()
        line.errands.ask(question("one"))
        line.until(lambda: line.answers)
        assert isinstance(line.answers[0], Failed)
        assert line.answers[0].remedy
    finally:
        line.client.close()
