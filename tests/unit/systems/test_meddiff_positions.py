"""Where a patch's voxels lie in their region."""

from __future__ import annotations

import math

import pytest
import torch

from ctstudio.systems.meddiff_fm.positions import View, coordinates, crop, encoded, half_size, whole

SHAPE = (200, 300, 260)


def test_the_resized_volume_reaches_from_corner_to_corner() -> None:
    places = coordinates(whole(SHAPE, 128), SHAPE, 128)
    assert places.shape == (3, 128, 128, 128)
    assert places[:, 0, 0, 0].tolist() == [-1, -1, -1]
    torch.testing.assert_close(places[:, -1, -1, -1], torch.ones(3))


def test_x_comes_first_and_grows_along_the_last_axis() -> None:
    places = coordinates(whole(SHAPE, 8), SHAPE, 8)
    assert places[0, 0, 0].diff().min() > 0
    assert not places[0, :, :, 0].diff(dim=0).any()
    assert places[1, 0, :, 0].diff().min() > 0
    assert places[2, :, 0, 0].diff().min() > 0


def test_a_crop_has_the_coordinates_of_its_voxels() -> None:
    places = coordinates(crop((10, 20, 30)), SHAPE, 128)
    z, y, x = 10 + 5, 20 + 7, 30 + 100
    wanted = [2 * x / 259 - 1, 2 * y / 299 - 1, 2 * z / 199 - 1]
    assert places[:, 5, 7, 100].tolist() == pytest.approx(wanted, abs=1e-6)


def test_a_crop_of_twice_the_patch_spans_it() -> None:
    view = half_size((300, 300, 200), 128, (44, 0, 0))
    assert view.step == pytest.approx((255 / 127, 255 / 127, 199 / 127))
    places = coordinates(view, (300, 300, 200), 128)
    assert places[2, 0, 0, 0] == pytest.approx(2 * 44 / 299 - 1)
    assert places[2, -1, 0, 0] == pytest.approx(1)
    assert places[0, 0, 0, -1] == pytest.approx(1)


def test_beyond_the_volume_coordinates_stay_at_its_edge() -> None:
    places = coordinates(crop((0, 0, 0)), (40, 200, 200), 64)
    assert places[2, 39, 0, 0] == 1
    assert (places[2, 40:] == 1).all()
    assert (coordinates(View((-3, 0, 0)), (40, 40, 40), 8)[2, :3] == -1).all()


def test_one_slice_has_a_place() -> None:
    assert torch.isfinite(coordinates(crop((0, 0, 0)), (1, 20, 20), 8)).all()


def test_waves_are_sines_then_cosines_from_slow_to_fast() -> None:
    point = torch.tensor([0.3, -0.2, 0.05])[None, :, None, None, None]
    waves = encoded(point, 3)[0, :, 0, 0, 0].tolist()
    wanted = [
        wave(2**level * math.pi * p) for level in range(3) for wave in (math.sin, math.cos) for p in (0.3, -0.2, 0.05)
    ]
    assert waves == pytest.approx(wanted, abs=1e-5)


def test_without_frequencies_there_are_no_waves() -> None:
    assert encoded(torch.zeros(2, 3, 4, 4, 4), 0).shape == (2, 0, 4, 4, 4)


def test_the_fastest_wave_of_seven_is_the_finest_the_resized_volume_holds() -> None:
    step = 2 / 127
    assert 2**6 * math.pi * step == pytest.approx(math.pi, rel=0.01)
    assert 2**7 * math.pi * step > math.pi
