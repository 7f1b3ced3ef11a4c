"""The same on a GPU as on the processor, as near as its arithmetic allows."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from ctstudio.catalog.shelf import find_model
from ctstudio.core.grid import Grid
from ctstudio.core.labels import LabelMap, standard_table, values_of
from ctstudio.core.volume import Volume
from ctstudio.physics.dose import simulate_low_dose
from ctstudio.physics.geometry import ParallelGeometry
from ctstudio.protocol.events import Finished
from ctstudio.protocol.request import Request
from ctstudio.systems.na_diff.pipeline import generate
from ctstudio.systems.na_diff.weights import load
from tiny_na_diff import SMALL, write_tiny_model

GPU = torch.device("cuda")


def test_low_dose_is_the_same_on_a_gpu() -> None:
    geometry = ParallelGeometry(64, 4.0)
    image = torch.full((1, 1, 64, 64), -1000.0)
    image[..., 20:44, 16:48] = 40.0
    made = [
        simulate_low_dose(image.to(device), 0.25, geometry, torch.Generator().manual_seed(1)).noise_hu.cpu()
        for device in (torch.device("cpu"), GPU)
    ]
    torch.testing.assert_close(made[0], made[1], atol=0.5, rtol=0.01)


def test_a_sample_is_nearly_the_same_on_a_gpu(tmp_path: Path) -> None:
    folder = write_tiny_model(tmp_path / "tiny", changes=SMALL)
    array = np.zeros((1, 64, 64), np.uint8)
    array[0, 20:40, 15:35] = values_of(["liver"])[0]
    mask = LabelMap(array, Grid.centred((1, 64, 64), (6.0, 6.0, 5.0)), standard_table())
    request = Request("gpu", "na_diff", "generate", "tiny", {"dose": 0.25, "steps": 5}, {"mask": mask})
    made = []
    for device in (torch.device("cpu"), GPU):
        model = load(folder, find_model(folder).info, device, torch.float32)
        last = [event for event in generate(request, model) if isinstance(event, Finished)][-1]
        ct = last.result.samples[0].outputs["ct"]
        assert isinstance(ct, Volume)
        made.append(ct.array.astype(np.float32))
    assert np.abs(made[0] - made[1]).mean() < 2.0
