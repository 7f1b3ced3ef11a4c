"""Volumes and %LAA-950 of boxes."""

from __future__ import annotations

import pytest

from ctstudio.core.errors import MaskError
from ctstudio.measure.lung_volumes import low_attenuation, lung_volumes
from hand_made_chest import LEFT, VOXEL_ML, hand_made


def test_volumes_are_counted() -> None:
    chest = hand_made()
    chest.airway[30:34, 20:22, 39:41] = True
    chest.vessels[20, 20, 52:60] = True
    found = lung_volumes(chest.anatomy)
    assert found.left_ml == pytest.approx(30 * 30 * 20 * VOXEL_ML)
    assert found.lobes_ml["lung_middle_lobe_right"] == pytest.approx(5 * 30 * 20 * VOXEL_ML)
    assert (found.airway_ml, found.vessels_ml) == (pytest.approx(16 * VOXEL_ML), pytest.approx(8 * VOXEL_ML))


def test_a_known_part_is_emphysema() -> None:
    chest = hand_made()
    chest.hu[30:35, 10:40, 50:70] = -980.0  # a sixth of the left lung, a third of its upper lobe
    found = low_attenuation(chest.ct, chest.anatomy)
    assert found.sides["left"] == pytest.approx(100 / 6)
    assert found.sides["right"] == 0.0
    assert found.both == pytest.approx(100 / 12)
    assert found.lobes["lung_upper_lobe_left"] == pytest.approx(100 / 3)


def test_air_in_the_airway_is_no_emphysema() -> None:
    chest = hand_made()
    chest.hu[LEFT][:, 5:8, 5:8] = -1000.0
    chest.airway[LEFT][:, 5:8, 5:8] = True
    assert low_attenuation(chest.ct, chest.anatomy).both == 0.0


def test_a_lung_that_is_all_airway_cannot_be_measured() -> None:
    chest = hand_made()
    chest.airway[:] = True
    with pytest.raises(MaskError):
        low_attenuation(chest.ct, chest.anatomy)
