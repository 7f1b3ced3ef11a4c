"""Findings in a difference map."""

from __future__ import annotations

import numpy as np
import pytest

from ctstudio.core.errors import MaskError
from ctstudio.core.grid import Grid
from ctstudio.core.volume import Volume
from ctstudio.measure.anomaly import findings, robust_threshold_hu, score

GRID = Grid((20, 40, 40), (1.0, 2.0, 3.0), (-5.0, 7.0, 100.0))


def _map() -> tuple[Volume, np.ndarray]:
    """A bright cube, a dark bar, a bright speck, and a bright cube outside the organ."""
    array = np.zeros(GRID.shape, np.float32)
    array[4:9, 10:16, 10:20] = 60.0
    array[6, 12, 15] = 90.0
    array[14, 30, 5:25] = -40.0
    array[2, 2, 2] = 50.0
    array[4:9, 10:16, 35:39] = 80.0
    organ = np.ones(GRID.shape, bool)
    organ[:, :, 32:] = False
    return Volume(array, GRID, "OT", "HU"), organ


def test_each_region_is_one_finding_with_its_numbers():
    anomaly, organ = _map()
    found = findings(anomaly, organ, 20.0)
    cube, bar, speck = found.table
    assert (cube.number, cube.volume_ml, cube.peak_hu) == (1, 300 * 6 / 1000, 90.0)
    assert cube.mean_hu == pytest.approx(60.1, abs=0.05)
    assert cube.centre_mm == pytest.approx(GRID.to_world((6.0, 12.5, 14.5)), abs=0.06)
    assert cube.box == ((4, 8), (10, 15), (10, 19))
    assert (bar.mean_hu, bar.peak_hu) == (-40.0, -40.0)
    assert bar.diameter_mm == pytest.approx(19 * 1.0 + 2.0)
    assert speck.diameter_mm == pytest.approx(2.0)
    assert found.labels.sum() == 300 + 20 + 1
    assert not found.labels[~organ].any()


def test_the_longest_extent_runs_across_the_cube():
    anomaly, organ = _map()
    across = np.linalg.norm([9 * 1.0, 5 * 2.0, 4 * 3.0])
    assert findings(anomaly, organ, 20.0).table[0].diameter_mm == pytest.approx(across + 2.0, abs=0.06)


def test_one_sign_alone_and_the_smallest_left_out():
    anomaly, organ = _map()
    assert [f.mean_hu for f in findings(anomaly, organ, 20.0, "darker").table] == [-40.0]
    assert len(findings(anomaly, organ, 20.0, "brighter", 0.05).table) == 1
    assert len(findings(anomaly, organ, 55.0).table) == 1


def test_a_bright_region_beside_a_dark_one_are_two():
    array = np.zeros((4, 8, 8), np.float32)
    array[:, :, :4], array[:, :, 4:] = 50.0, -50.0
    anomaly = Volume(array, Grid(array.shape), "OT", "HU")
    assert sorted(f.mean_hu for f in findings(anomaly, array != 0, 20.0).table) == [-50.0, 50.0]


def test_nothing_differs():
    anomaly = Volume(np.zeros(GRID.shape, np.float32), GRID, "OT", "HU")
    found = findings(anomaly, np.ones(GRID.shape, bool), 1.0)
    assert found.table == ()
    assert not found.labels.any()


def test_the_threshold_follows_the_noise_and_does_not_feel_a_lesion():
    noise = np.random.default_rng(0).normal(2.0, 10.0, (30, 30, 30)).astype(np.float32)
    organ = np.ones(noise.shape, bool)
    plain = robust_threshold_hu(noise, organ)
    assert plain == pytest.approx(30.0, rel=0.05)
    noise[5:12, 5:12, 5:12] += 200.0
    assert robust_threshold_hu(noise, organ) == pytest.approx(plain, rel=0.05)
    with pytest.raises(MaskError):
        robust_threshold_hu(noise, ~organ)


def test_scores():
    signed = np.array([-3.0, 2.0])
    assert score(signed).tolist() == [3.0, 2.0]
    assert score(signed, "brighter").tolist() == [0.0, 2.0]
    assert score(signed, "darker").tolist() == [3.0, 0.0]
