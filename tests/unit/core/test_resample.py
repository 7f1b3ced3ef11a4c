"""Labels and images brought onto other grids."""

from __future__ import annotations

import numpy as np
import pytest

from ctstudio.core.grid import Grid
from ctstudio.core.labels import LabelMap, standard_table
from ctstudio.core.resample import labels_onto, volume_onto, volume_onto_coarser
from ctstudio.core.volume import Volume

SOURCE = Grid((9, 10, 11), (2.0, 3.0, 4.0), (-20.0, 5.0, 7.0))
_LEAN = 1e-4
TURNED = ((1.0, -_LEAN, 0.0), (_LEAN, 1.0, 0.0), (0.0, 0.0, 1.0))


@pytest.mark.parametrize("spacing", [(2.0, 3.0, 4.0), (1.1, 1.3, 1.7), (3.0, 4.5, 5.9), (1.0, 1.5, 2.0)])
def test_axes_that_are_alike_are_picked_from_as_any_others_are(spacing: tuple[float, float, float]) -> None:
    """A grid that leans by less than a voxel takes the other way to the same labels."""
    rng = np.random.default_rng(3)
    labels = LabelMap(rng.integers(0, 9, SOURCE.shape).astype(np.uint8), SOURCE, standard_table())
    shape, origin = (12, 13, 14), (-23.21, 3.13, 4.72)
    straight = labels_onto(labels, Grid(shape, spacing, origin))
    leaning = labels_onto(labels, Grid(shape, spacing, origin, TURNED))
    assert straight.array.shape == shape
    assert straight.array.any()
    assert not straight.array[:, 0].any()  # before the first row
    assert (straight.array == leaning.array).mean() > 0.99


def test_noise_does_not_alias_onto_coarser_voxels() -> None:
    noise = np.random.default_rng(0).normal(0.0, 10.0, (40, 40, 40)).astype(np.float32)
    fine = Volume(noise, Grid.centred((40, 40, 40), (1.0, 1.0, 1.0)))
    coarse = volume_onto_coarser(fine, Grid.centred((10, 10, 10), (4.0, 4.0, 4.0)), 0.0)
    blocks = noise.reshape(10, 4, 10, 4, 10, 4).mean(axis=(1, 3, 5))
    np.testing.assert_allclose(coarse.array, blocks, atol=1e-4)


def test_a_ramp_stays_where_it_was_on_coarser_voxels() -> None:
    ramp = np.broadcast_to(np.arange(43, dtype=np.int16), (17, 31, 43))
    fine = Volume(ramp, Grid((17, 31, 43), (1.0, 1.0, 2.0), (5.0, 0.0, 0.0)))
    coarse = volume_onto_coarser(fine, Grid((5, 8, 9), (3.0, 3.0, 3.0), (11.0, 3.0, 4.0)), -1.0)
    np.testing.assert_allclose(coarse.array[2, 4], 6.0 + 3.0 * np.arange(9), atol=1e-4)


def test_finer_and_equal_voxels_are_resampled_as_ever() -> None:
    image = Volume(np.random.default_rng(1).normal(size=(8, 9, 7)), Grid((8, 9, 7), (2.0, 2.0, 2.0)))
    assert volume_onto_coarser(image, image.grid, 0.0) is image
    finer = Grid((12, 12, 12), (1.0, 1.0, 1.0), (0.5, 0.5, 0.5))
    np.testing.assert_array_equal(volume_onto_coarser(image, finer, 0.0).array, volume_onto(image, finer, 0.0).array)
