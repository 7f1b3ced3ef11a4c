"""Pasting into a scan: what must stay stays."""

from __future__ import annotations

import numpy as np
import pytest

from ctstudio.core.grid import Grid
from ctstudio.core.volume import Volume
from ctstudio.core.windows import Window
from ctstudio.systems.meddiff_fm.pasting import feather, kept_beyond, outside_digest, pasted


def test_the_feather_is_whole_in_the_mask_and_gone_at_the_margin():
    grid = Grid((9, 30, 30), (1.0, 1.0, 2.0))
    mask = np.zeros(grid.shape, bool)
    mask[4, 10:15, 10:15] = True
    soft = feather(mask, grid, 6.0)
    share = np.zeros(grid.shape, np.float32)
    share[soft.box] = soft.share
    assert (share[mask] == 1).all()
    assert share[4, 12, 17] == 1  # 3 mm away
    assert share[4, 12, 18] == pytest.approx(2 / 3)
    assert share[4, 12, 20] == 0
    assert share[1, 12, 12] == 0  # three slices of 2 mm
    scan = Volume(np.random.default_rng(1).integers(-100, 200, grid.shape).astype(np.int16), grid)
    after = pasted(scan, np.full(soft.share.shape, 90.0), soft, Window(60, 360))
    assert (after.array[mask] == 90).all()
    assert np.array_equal(after.array[share == 0], scan.array[share == 0])
    assert outside_digest(after.array, soft) == outside_digest(scan.array, soft)
    changed = scan.array.copy()
    changed[0, 0, 0] += 1
    assert outside_digest(changed, soft) != outside_digest(scan.array, soft)


def test_without_a_margin_the_mask_alone_changes():
    grid = Grid((5, 9, 9))
    mask = np.zeros(grid.shape, bool)
    mask[2, 4, 4] = True
    scan = Volume(np.zeros(grid.shape, np.int16), grid)
    after = pasted(scan, np.full(feather(mask, grid, 0.0).share.shape, 50.0), feather(mask, grid, 0.0), Window(60, 360))
    assert (after.array != 0).sum() == 1


def test_what_lies_beyond_the_window_stays_unless_something_else_is_drawn_there():
    window = Window(60, 360)  # -120 to 240
    before = np.array([-1000.0, 900.0, -1000.0, 900.0, 50.0, -130.0])
    after = np.array([-120.0, 240.0, 60.0, 60.0, 70.0, -60.0])
    assert kept_beyond(before, after, window).tolist() == [-1000, 900, 60, 60, 70, -60]
    assert kept_beyond(before, after, window, noise_hu=10).tolist() == [-1000, 900, -1000, 900, 70, -60]
