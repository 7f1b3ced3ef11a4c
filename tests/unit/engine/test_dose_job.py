"""A whole scan at a lower dose as a job: its events, its record, stopping, what is refused."""

from __future__ import annotations

import numpy as np
import pytest

from ctstudio.catalog.low_dose import CARD
from ctstudio.core.errors import IntensityError, ParameterError
from ctstudio.core.grid import Grid
from ctstudio.core.labels import LabelMap, standard_table
from ctstudio.core.provenance import digest
from ctstudio.core.volume import Volume
from ctstudio.engine.cache import ModelCache
from ctstudio.engine.pipelines import run
from ctstudio.protocol.events import Finished, Loading, Stepped
from ctstudio.protocol.request import Request, new_id

GRID = Grid((10, 48, 48), (6.0, 6.0, 5.0))


def scan() -> Volume:
    y, x = (np.indices((48, 48)) - 24) * 6.0
    plane = np.where((x / 130) ** 2 + (y / 100) ** 2 <= 1, 30, -1000)
    return Volume(plane + np.random.default_rng(1).normal(0, 15, GRID.shape), GRID, name="body")


def request(volume: object = None, **parameters: object) -> Request:
    inputs = {"scan": scan() if volume is None else volume}
    return Request(new_id(), CARD.system, CARD.task, "", parameters, inputs, "cpu")  # type: ignore[arg-type]


def test_a_job_tells_its_steps_and_gives_scan_map_and_record() -> None:
    asked = request(dose=0.25, seed=3)
    events = list(run(asked, ModelCache()))
    assert isinstance(events[0], Loading)
    steps = [event for event in events if isinstance(event, Stepped)]
    assert [(step.step, step.total) for step in steps] == [(4, 10), (8, 10), (10, 10)]
    assert isinstance(events[-1], Finished)
    [sample] = events[-1].result.samples
    ct, told = sample.outputs["ct"], sample.provenance
    assert isinstance(ct, Volume)
    assert (ct.grid, ct.synthetic, sample.outputs["noise_map"].array.shape) == (GRID, True, GRID.shape)
    assert sample.measures["noise_sd_hu"] == pytest.approx(sample.measures["requested_noise_sd_hu"], rel=0.15)
    assert (told.task, told.parameters["dose"], told.seed, told.synthetic) == ("dose", 0.25, 3, True)
    assert told.outputs["ct"] == digest(ct.array)
    assert told.inputs["scan"]["sha256"] == digest(asked.inputs["scan"].array)
    assert told.device == "cpu"
    assert events[-1].result.notes


def test_a_job_can_be_stopped() -> None:
    events = run(request(dose=0.25), ModelCache())
    while not isinstance(next(events), Stepped):
        pass
    events.close()
    assert list(events) == []


def test_what_cannot_be_used_is_refused() -> None:
    with pytest.raises(ParameterError, match="Dose"):
        list(run(request(dose=0.0), ModelCache()))
    with pytest.raises(IntensityError, match="NaN"):
        list(run(request(Volume(np.full(GRID.shape, np.nan), GRID)), ModelCache()))
    with pytest.raises(ParameterError, match="no scan"):
        list(run(request(LabelMap(np.ones(GRID.shape, np.uint8), GRID, standard_table())), ModelCache()))
