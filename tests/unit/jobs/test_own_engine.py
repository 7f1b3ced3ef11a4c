"""The program's own engine, real pipeline and all, against the same generator in this process."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np

from ctstudio.core.grid import Grid
from ctstudio.core.labels import LabelMap, standard_table
from ctstudio.engine.cache import ModelCache
from ctstudio.engine.pipelines import run
from ctstudio.jobs.client import EngineClient
from ctstudio.jobs.job import Job
from ctstudio.jobs.queue import JobQueue
from ctstudio.protocol.events import Finished
from ctstudio.protocol.request import Request, new_id
from tiny_na_diff import write_tiny_model


def small_request(model: Path) -> Request:
    grid = Grid((2, 64, 64), (6.0, 6.0, 6.0))
    labels = np.zeros(grid.shape, np.uint8)
    labels[:, 8:56, 8:56] = 118
    labels[:, 20:40, 12:30] = 5
    mask = LabelMap(labels, grid, standard_table())
    parameters = {"dose": 0.25, "seed": 3, "count": 1, "steps": 5}
    return Request(new_id(), "na_diff", "generate", str(model), parameters, {"mask": mask}, "cpu", "fp32")


def over(queue: JobQueue, client: EngineClient, job: Job) -> Job:
    deadline = time.monotonic() + 120
    while not (now := queue.job(job.id) or job).over:
        assert time.monotonic() < deadline, (now, client.last_error)
        client.poll()
        time.sleep(0.01)
    return now


def test_the_engine_and_the_command_line_give_the_same_bytes(tmp_path: Path) -> None:
    model = tmp_path / "tiny"
    write_tiny_model(model)
    request = small_request(model)
    client = EngineClient(log_folder=tmp_path)
    queue = JobQueue(client)
    client.start()
    try:
        there = over(queue, client, queue.submit(request))
    finally:
        client.close()
    assert there.result is not None, (there.message, there.detail)
    *_, last = run(request, ModelCache())
    assert isinstance(last, Finished)
    ours, theirs = last.result.samples[0], there.result.samples[0]
    assert ours.provenance.outputs == theirs.provenance.outputs
    for name, image in ours.outputs.items():
        assert np.array_equal(image.array, theirs.outputs[name].array), name
    assert there.result.notes == last.result.notes
