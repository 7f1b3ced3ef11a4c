"""Small scans, masks and results."""

import numpy as np
import pytest

from ctstudio.core.grid import Grid
from ctstudio.core.labels import LabelMap, standard_table
from ctstudio.core.provenance import Provenance
from ctstudio.core.volume import Volume
from ctstudio.protocol.result import Result, Sample

LIVER = 5


@pytest.fixture
def grid():
    """Anisotropic: 0.8 x 1.2 mm in the slice, 5 mm between slices."""
    return Grid((12, 40, 50), (0.8, 1.2, 5.0), (-20.0, -24.0, 100.0))


@pytest.fixture
def scan(grid):
    array = np.full(grid.shape, 60, np.int16)
    array[:, :, 25:] = 200
    return Volume(array, grid, name="patient")


@pytest.fixture
def make_labels():
    def make(grid, value=LIVER, box=(slice(2, 6), slice(5, 20), slice(5, 20)), **kwargs):
        array = np.zeros(grid.shape, np.uint8)
        array[box] = value
        return LabelMap(array, grid, standard_table(), **kwargs)

    return make


@pytest.fixture
def make_result(grid):
    def make(seeds=(1,), request_id="r", notes=()):
        samples = []
        for seed in seeds:
            ct = Volume(np.full(grid.shape, seed, np.float32), grid, synthetic=True)
            provenance = Provenance("na_diff", "generate", {"seed": seed}, seed, "demo")
            samples.append(Sample(seed, {"ct": ct}, {"noise_sd_hu": 31.0}, provenance))
        return Result(request_id, tuple(samples), tuple(notes))

    return make


class Listener:
    """Remembers what a signal said."""

    def __init__(self, signal):
        self.heard = []
        signal.connect(self._hear)

    def _hear(self, *args):
        self.heard.append(args[0] if len(args) == 1 else args)


@pytest.fixture
def listen():
    return Listener
