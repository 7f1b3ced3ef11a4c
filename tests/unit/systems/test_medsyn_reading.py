"""The reader of chest CTs: grids, saving and loading, refusals."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from ctstudio.core.errors import GeometryError, IntensityError, WeightMismatch
from ctstudio.core.grid import Grid
from ctstudio.core.volume import Volume
from ctstudio.systems.medsyn.reading import (
    REGIONS,
    SPACING_MM,
    ChestReader,
    has_reader,
    load_reader,
    new_network,
    reader_grid,
    save_reader,
)

FEATURES = (8, 8, 8, 8, 8, 8)
GRID = Grid((20, 24, 30), (4.0, 4.0, 5.0), (10.0, -20.0, 30.0))


def fresh() -> ChestReader:
    """A reader that learned nothing."""
    torch.manual_seed(1)
    return ChestReader("fresh", new_network(FEATURES).eval(), torch.device("cpu"))


def test_the_demos_grid_is_read_as_it_is() -> None:
    demo = Grid((128, 128, 128), SPACING_MM, (-150.0, -140.0, 20.0))
    assert reader_grid(demo).matches(demo)


def test_other_grids_begin_at_the_same_corner_and_are_large_enough() -> None:
    seen = reader_grid(GRID)
    assert all(side % 32 == 0 for side in seen.shape)
    assert np.allclose(seen.bounds_mm()[0], GRID.bounds_mm()[0])
    assert (seen.bounds_mm()[1] >= GRID.bounds_mm()[1] - np.asarray(SPACING_MM)).all()


def test_what_is_read_lies_on_the_scans_grid() -> None:
    found = fresh().read(Volume(np.full(GRID.shape, -700.0, np.float32), GRID))
    assert found.grid is GRID
    assert found.lobes.shape == GRID.shape
    assert found.lobes.max() <= 5
    assert found.heart is not None
    assert found.effusion is not None
    assert found.consolidation is not None
    assert not (found.vessels & (found.lobes == 0)).any()


def test_a_saved_reader_reads_the_same(tmp_path: Path) -> None:
    reader, ct = fresh(), Volume(np.random.default_rng(1).normal(-300, 400, GRID.shape), GRID)
    assert not has_reader(tmp_path)
    save_reader(reader.network, FEATURES, tmp_path)
    assert has_reader(tmp_path)
    again = load_reader(tmp_path)
    assert (again.read(ct).lobes == reader.read(ct).lobes).mean() > 0.99
    torch.save({}, tmp_path / "segmenter" / "model.safetensors")
    with pytest.raises(WeightMismatch):
        load_reader(tmp_path)


def test_other_units_nan_and_turned_scans_are_refused() -> None:
    array = np.zeros(GRID.shape, np.float32)
    with pytest.raises(IntensityError):
        fresh().read(Volume(array, GRID, unit="SUV"))
    with pytest.raises(IntensityError):
        fresh().read(Volume(np.where(np.arange(30) == 3, np.nan, array), GRID))
    turned = Grid(GRID.shape, GRID.spacing_mm, direction=((-1.0, 0, 0), (0, 1.0, 0), (0, 0, 1.0)))
    with pytest.raises(GeometryError):
        fresh().read(Volume(array, turned))


def test_regions_begin_with_the_lobes() -> None:
    assert REGIONS[0] == "lung_upper_lobe_left"
    assert REGIONS[5:] == ("heart", "pleural_effusion")
