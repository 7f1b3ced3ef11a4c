"""What of a scan is drawn as a volume."""

from __future__ import annotations

import numpy as np
import pytest

from ctstudio.core.errors import Cancelled
from ctstudio.core.grid import Grid
from ctstudio.core.volume import Volume
from ctstudio.ui.scene.presets import PRESETS, preset
from ctstudio.ui.scene.volume_field import VolumeField, volume_field

GRID = Grid((64, 72, 96), (3.0, 3.0, 3.0), (-100.0, 40.0, 700.0))
VESSEL = (32, 36, 26)


def _chest() -> Volume:
    """A body in air with two lungs, a vessel in one of them, and a trachea that ends in the other."""
    z, y, x = np.mgrid[:64, :72, :96]
    hu = np.full(GRID.shape, -1000.0)
    hu[((y - 36) / 32) ** 2 + ((x - 48) / 44) ** 2 < 1] = 50
    for middle in (26, 70):
        hu[((z - 34) / 26) ** 2 + ((y - 36) / 18) ** 2 + ((x - middle) / 15) ** 2 < 1] = -860
    hu[10:58, 35:38, 25:28][hu[10:58, 35:38, 25:28] == -860] = 60
    hu[30:, 34:38, 58:62] = -990
    return Volume(np.rint(hu).astype(np.int16), GRID)


def _made(part: str, **changes: object) -> VolumeField:
    return volume_field(_chest(), part, True, lambda: False)


def _at(field: VolumeField, index_zyx: tuple[int, int, int]) -> int:
    """HU of the field where a voxel of the scan lies."""
    z, y, x = np.rint(field.grid.to_index(GRID.to_world(index_zyx))).astype(int)
    return int(field.array[z, y, x])


def test_the_whole_scan_lies_where_it_lay_without_the_air_about_it() -> None:
    field = _made("whole")
    assert field.grid.shape[2] < GRID.shape[2]
    assert _at(field, VESSEL) > -300
    assert _at(field, (34, 36, 70)) < -800
    assert not field.reduced


def test_within_the_lungs_vessels_stay_and_the_chest_wall_goes() -> None:
    field = _made("lungs")
    assert _at(field, VESSEL) > -300
    assert field.array.max() < 100
    wall = field.grid.to_index(GRID.to_world((34, 36, 10)))
    assert not field.grid.contains(wall) or _at(field, (34, 36, 10)) == -1000


def test_the_airways_are_one_piece_and_lungs_are_none_of_it() -> None:
    field = _made("airways")
    assert _at(field, (50, 36, 60)) < -930
    assert np.count_nonzero(field.array < -930) < 4 * 4 * 40
    lung = field.grid.to_index(GRID.to_world((34, 36, 26)))
    assert not field.grid.contains(lung)


def test_a_scan_without_lungs_is_shown_whole_and_says_so() -> None:
    head = Volume(np.full((20, 20, 20), 40, np.int16), Grid.centred((20, 20, 20), (4.0, 4.0, 4.0)))
    field = volume_field(head, "lungs", True, lambda: False)
    assert field.note.startswith("No lungs")
    assert field.array.max() == 40


def test_a_large_scan_is_reduced_in_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ctstudio.ui.scene.volume_field.MOST_VOXELS_SPARED", 64 * 72 * 96 // 6)
    field = _made("whole")
    assert field.reduced
    assert field.steps == (2, 2, 2)
    assert _at(field, (34, 36, 70)) < -800
    low, high = field.grid.bounds_mm()
    body_low, body_high = GRID.to_world((0, 4, 4)), GRID.to_world((63, 68, 92))
    assert np.abs(low - body_low).max() < 16
    assert np.abs(high - body_high).max() < 16


def test_no_number_becomes_air_and_cancelling_ends_it() -> None:
    array = np.full((8, 8, 8), np.nan, np.float32)
    array[2:6, 2:6, 2:6] = 300
    field = volume_field(Volume(array, Grid.centred((8, 8, 8), (1.0, 1.0, 1.0))), "whole", True, lambda: False)
    assert field.array.min() >= -1100
    with pytest.raises(Cancelled):
        volume_field(_chest(), "lungs", True, lambda: True)


def test_presets_are_well_formed() -> None:
    assert len({one.name for one in PRESETS}) == len(PRESETS) >= 5
    for one in PRESETS:
        for curve in (one.opacity, one.colours):
            assert [point[0] for point in curve] == sorted(point[0] for point in curve)
        assert all(0 <= share <= 1 for _, share in one.opacity)
        assert preset(one.name) is one
    assert preset("") is None
