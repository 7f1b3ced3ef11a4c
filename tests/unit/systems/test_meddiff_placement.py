"""What is given, on the model's voxels, and back again."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from ctstudio.core.grid import Grid
from ctstudio.core.labels import standard_table
from ctstudio.core.volume import Volume
from ctstudio.core.windows import Window
from ctstudio.systems.meddiff_fm.config import MeddiffConfig
from ctstudio.systems.meddiff_fm.placement import AIR_HU, place
from tiny_meddiff import CONFIG

MODEL = MeddiffConfig.model_validate(CONFIG)
WINDOW = Window(60, 360)
UNEVEN = Grid((30, 90, 80), (1.5, 1.5, 5.0), (-60.0, -70.0, 900.0), ((0.0, 1.0, 0.0), (-1.0, 0.0, 0.0), (0, 0, 1.0)))


def smooth(grid: Grid) -> Volume:
    """HU within the window that change slowly."""
    z, y, x = np.meshgrid(*(np.linspace(-1, 1, n) for n in grid.shape), indexing="ij")
    return Volume((60 + 60 * (x + y + z)).clip(-100, 200).astype(np.float32), grid)


def test_a_scan_returns_to_its_own_grid() -> None:
    scan = smooth(UNEVEN)
    placement = place(UNEVEN, MODEL)
    assert placement.resampled
    assert placement.shape == (25, 23, 20)
    seen = placement.scan(scan, WINDOW)
    assert seen.shape == (1, 1, 25, 23, 20)
    back = placement.volume(seen, WINDOW, "made")
    assert back.grid == UNEVEN
    assert back.synthetic
    assert back.name == "made"
    assert np.abs(back.array - scan.array)[2:-2, 4:-4, 4:-4].max() < 12
    assert back.array.min() > -200, "no voxel of the scan may be left without a value"


def test_a_scan_of_the_models_voxels_is_not_resampled() -> None:
    grid = Grid((20, 24, 18), (6.0, 6.0, 6.0), (3.0, -100.0, 20.0))
    scan = Volume(np.random.default_rng(0).integers(-120, 240, grid.shape).astype(np.int16), grid)
    placement = place(grid, MODEL)
    assert not placement.resampled
    back = placement.volume(placement.scan(scan, WINDOW), WINDOW)
    np.testing.assert_allclose(back.array, scan.array, atol=1e-3)


def test_air_fills_up_a_volume_that_is_smaller_than_a_patch() -> None:
    grid = Grid((5, 20, 7), (6.0, 6.0, 6.0))
    placement = place(grid, MODEL)
    assert placement.shape == (16, 20, 16)
    seen = placement.scan(Volume(np.full(grid.shape, 60, np.int16), grid), WINDOW)[0, 0]
    assert (seen[:5, :, :7] == 0).all()
    assert (seen[5:] == -1).all()
    assert (seen[:, :, 7:] == -1).all()
    assert placement.volume(seen[None, None], WINDOW).array.shape == grid.shape
    anatomy = placement.anatomy(np.full(grid.shape, 5, np.uint8), grid)
    assert anatomy.dtype == torch.uint8
    assert int((anatomy == 5).sum()) == 5 * 20 * 7
    assert not anatomy[5:].any()


def test_anatomy_may_lie_on_another_grid_than_the_scan() -> None:
    placement = place(Grid((16, 16, 16), (6.0, 6.0, 6.0)), MODEL)
    liver = np.zeros((32, 32, 32), np.uint8)
    liver[:16, 8:24, :] = 5
    fine = Grid((32, 32, 32), (3.0, 3.0, 3.0), (-1.5, -1.5, -1.5))
    seen = placement.anatomy(liver, fine)
    assert (seen[:8, 4:12] == 5).all()
    assert int((seen == 5).sum()) == 8 * 8 * 16


def test_beyond_the_anatomys_grid_there_is_none() -> None:
    placement = place(Grid((20, 20, 20), (6.0, 6.0, 6.0)), MODEL)
    seen = placement.anatomy(np.full((10, 20, 20), 118, np.uint8), Grid((10, 20, 20), (6.0, 6.0, 6.0)))
    assert (seen[:10] == 118).all()
    assert not seen[10:].any()


def test_a_lesion_smaller_than_a_voxel_is_not_lost() -> None:
    grid = Grid((48, 48, 48), (2.0, 2.0, 2.0))
    placement = place(grid, MODEL)
    small = np.zeros(grid.shape, bool)
    small[20, 21, 22] = True
    assert placement.lesion(small, grid).sum() == 1
    large = np.zeros(grid.shape, bool)
    large[12:24, 12:24, 12:24] = True
    seen = placement.lesion(large, grid)
    assert seen.shape == (1, 1, 16, 16, 16)
    assert seen.sum() == 4**3
    assert not placement.lesion(np.zeros(grid.shape, bool), grid).any()


def test_differences_are_zero_where_nothing_was_made() -> None:
    grid = Grid((5, 20, 7), (6.0, 6.0, 6.0))
    placement = place(grid, MODEL)
    values = torch.full((1, 1, *placement.shape), 25.0)
    assert (placement.difference(values).array == 25).all()
    assert placement.difference(values[0, 0]).grid == grid


def test_labels_return_to_the_given_grid() -> None:
    placement = place(UNEVEN, MODEL)
    classes = torch.zeros(placement.shape, dtype=torch.int64)
    classes[10:] = 5
    labels = placement.labels(classes, standard_table(), "organs")
    assert labels.array.shape == UNEVEN.shape
    assert set(np.unique(labels.array)) == {0, 5}
    assert labels.synthetic
    assert np.count_nonzero(labels.array == 5) / labels.array.size == pytest.approx(15 / 25, abs=0.03)


def test_outside_a_resampled_scan_is_air() -> None:
    assert WINDOW.to_unit(np.float32(AIR_HU)) == -1
