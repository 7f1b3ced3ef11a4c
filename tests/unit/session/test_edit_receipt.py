"""A receipt counts every changed bit, how far from the lesion it lies, and what became of the lesion's HU."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ctstudio.core.grid import Grid
from ctstudio.core.labels import LabelMap, standard_table
from ctstudio.core.volume import Volume
from ctstudio.session.edit_receipt import edit_receipt

GRID = Grid((8, 20, 24), (1.0, 2.0, 5.0))


@pytest.fixture
def scan() -> Volume:
    return Volume(np.random.default_rng(1).normal(60, 10, GRID.shape).astype(np.int16), GRID)


@pytest.fixture
def lesion() -> LabelMap:
    array = np.zeros(GRID.shape, np.uint8)
    array[3:5, 8:12, 10:14] = 131
    return LabelMap(array, GRID, standard_table())


def test_it_counts_what_changed_and_how_far_away(scan, lesion) -> None:
    after = scan.array.copy()
    after[lesion.array > 0] = 110
    after[3, 8, 16] += 1  # three voxels of 1 mm to the side
    after[3, 6, 10] += 1  # two voxels of 2 mm in front
    receipt = edit_receipt(scan, replace(scan, array=after), lesion)
    assert receipt is not None
    assert receipt.changed_voxels == 32 + 2 == scan.array.size - receipt.unchanged_voxels
    assert receipt.changed_ml == pytest.approx(0.34)
    assert receipt.farthest_mm == 4.0
    assert receipt.mean_hu == (pytest.approx(60, abs=5), 110.0)
    assert receipt.sd_hu == (pytest.approx(10, abs=4), 0.0)
    assert receipt.lesion_ml == pytest.approx(0.32)


def test_nothing_changed_is_nothing_and_holes_stay_holes(scan, lesion) -> None:
    holes = np.where(lesion.array > 0, scan.array, np.nan).astype(np.float32)
    receipt = edit_receipt(replace(scan, array=holes), replace(scan, array=holes.copy()), lesion)
    assert receipt is not None
    assert (receipt.changed_voxels, receipt.farthest_mm) == (0, 0.0)


def test_without_a_lesion_or_on_other_grids_there_is_none(scan, lesion) -> None:
    assert edit_receipt(scan, scan, replace(lesion, array=np.zeros_like(lesion.array))) is None
    other = Volume(scan.array[1:], Grid((7, 20, 24), GRID.spacing_mm))
    assert edit_receipt(scan, other, lesion) is None
