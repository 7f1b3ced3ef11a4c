"""Live noise: the same as that of the whole scan, the newest question first, and troubles as answers."""

from __future__ import annotations

import queue
import threading

import numpy as np
import pytest

from ctstudio.catalog.low_dose import CARD
from ctstudio.core.grid import Grid
from ctstudio.core.volume import Volume
from ctstudio.engine.live_noise import LiveNoise
from ctstudio.measure.missing_noise import missing_noise
from ctstudio.measure.scanner import Scanner
from ctstudio.physics.dose_scan import simulate_scan
from ctstudio.physics.dose_volume import run_through
from ctstudio.protocol.events import Failed
from ctstudio.protocol.live_noise import ExposureFound, FindExposure, NoiseSimulated, SimulateNoise

GRID = Grid((8, 64, 64), (5.0, 5.0, 5.0))


def scan() -> Volume:
    y, x = (np.indices((64, 64)) - 32) * 5.0
    water = (x / 140) ** 2 + (y / 100) ** 2 <= 1
    noise = np.random.default_rng(0).normal(0, 20, GRID.shape)
    return Volume(np.where(water, 20.0, -1000.0) + noise, GRID)


def piece(volume: Volume, z: int) -> Volume:
    return Volume(volume.array[z : z + 1].astype(np.float32), volume.grid.slab(z, 1))


def test_what_is_seen_live_is_what_the_whole_scan_gets() -> None:
    answers: queue.Queue[object] = queue.Queue()
    live, volume = LiveNoise(answers.put), scan()
    parameters = CARD.validated({"dose": 0.1, "seed": 4, "electronic_noise": 5.0, "bow_tie": True})
    live.ask(FindExposure("first", volume, parameters))
    found = answers.get(timeout=60)
    assert isinstance(found, ExposureFound)
    assert found.exposure.held_sd_hu == pytest.approx(20.0, rel=0.2)
    live.ask(SimulateNoise("second", piece(volume, 6), 6, 4, found.exposure.photons, found.scanner))
    noise = answers.get(timeout=60)
    assert isinstance(noise, NoiseSimulated)
    assert noise.detector_hu is not None
    photons, detector = missing_noise(0.1, found.exposure.noise_free)
    seen = volume.array[6] + photons * noise.photons_hu.array[0] + detector * noise.detector_hu.array[0]
    whole = run_through(simulate_scan(volume, parameters)).image.array[6]
    np.testing.assert_allclose(seen, whole, atol=0.01)


def test_the_newest_question_takes_the_place_of_those_that_wait() -> None:
    go_on, answers = threading.Event(), []

    def say(answer: object) -> None:
        answers.append(answer.request_id)  # type: ignore[attr-defined]
        go_on.wait(60)

    live = LiveNoise(say)
    one = piece(scan(), 0)
    live.ask(SimulateNoise("0", one, 0, 0, 1e5, Scanner()))
    while not answers:
        threading.Event().wait(0.01)
    for number in "123":
        live.ask(SimulateNoise(number, one, 0, 0, 1e5, Scanner()))
    go_on.set()
    while len(answers) < 2:
        threading.Event().wait(0.01)
    assert answers == ["0", "3"]


def test_troubles_are_answers_and_the_thread_goes_on() -> None:
    answers: queue.Queue[object] = queue.Queue()
    live = LiveNoise(answers.put)
    bad = Volume(np.full((1, 32, 32), np.nan, np.float32), Grid((1, 32, 32)))
    pet = Volume(np.zeros((1, 32, 32), np.float32), Grid((1, 32, 32)), "PT", "SUV")
    for volume, word in ((bad, "NaN"), (pet, "SUV")):
        live.ask(FindExposure("find", volume, CARD.defaults()))
        failed = answers.get(timeout=60)
        assert isinstance(failed, Failed)
        assert word in failed.message
        assert (failed.exit_code, bool(failed.remedy)) == (2, True)
    live.ask(FindExposure("wrong", scan(), {"dose": 1}))
    failed = answers.get(timeout=60)
    assert isinstance(failed, Failed)
    assert failed.exit_code == 1
    live.ask(SimulateNoise("well", piece(scan(), 0), 0, 0, 1e5, Scanner()))
    assert isinstance(answers.get(timeout=60), NoiseSimulated)
