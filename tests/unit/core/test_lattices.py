"""The coarser lattices of a scan."""

from __future__ import annotations

import numpy as np
import pytest

from ctstudio.core.grid import Grid
from ctstudio.core.lattices import lattices, strides

GRID = Grid((33, 40, 70), (1.0, 1.5, 3.1), (4.0, 5.0, 6.0), ((0.0, 1.0, 0.0), (-1.0, 0.0, 0.0), (0.0, 0.0, 1.0)))


def test_lattices_are_the_scan_again_and_lie_where_they_were():
    array = np.random.default_rng(0).normal(size=GRID.shape).astype(np.float32)
    found = list(lattices(GRID, 3.0))
    assert strides(GRID, 3.0) == (1, 2, 3)
    assert len(found) == 6
    again = np.full(GRID.shape, np.nan, np.float32)
    for one in found:
        assert np.isnan(again[one.part]).all()  # no voxel belongs to two
        again[one.part] = array[one.part]
    assert np.array_equal(again, array)
    for one in found:
        assert one.grid.shape == array[one.part].shape
        first = [part.start for part in one.part]
        assert one.grid.to_world((0.0, 0.0, 0.0)) == pytest.approx(GRID.to_world([float(n) for n in first]))
        step = [first[axis] + (one.part[axis].step or 1) * 2 for axis in range(3)]
        assert one.grid.to_world((2.0, 2.0, 2.0)) == pytest.approx(GRID.to_world([float(n) for n in step]))


def test_a_short_axis_and_a_coarse_scan_are_not_thinned():
    assert strides(Grid((20, 100, 100), (1.0, 1.0, 1.0)), 3.0) == (1, 3, 3)
    assert strides(Grid((100, 100, 100), (4.0, 4.0, 9.0)), 3.0) == (1, 1, 1)
