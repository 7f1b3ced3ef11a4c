"""Between the mask's grid and the network's slices."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from ctstudio.core.errors import GeometryError, IntensityError, MaskError
from ctstudio.core.grid import Grid
from ctstudio.core.labels import LabelMap, standard_table, values_of
from ctstudio.core.volume import Volume
from ctstudio.systems.na_diff.conditions import label_groups
from ctstudio.systems.na_diff.config import NaDiffConfig
from ctstudio.systems.na_diff.placement import AIR_HU, Placement, onto_target, place
from tiny_na_diff import CONFIG, SMALL

TINY = NaDiffConfig.model_validate({**CONFIG, **SMALL})
GROUPS = label_groups(TINY)
BODY, LIVER, SPLEEN, MUSCLE, FAT = values_of(["body", "liver", "spleen", "skeletal_muscle", "subcutaneous_fat"])
GRID = Grid.centred((3, 48, 60), (6.0, 6.0, 5.0))


def _place(mask: LabelMap, like: Volume | None = None, config: NaDiffConfig = TINY) -> Placement:
    return place(mask, like, config, label_groups(config))


def _mask(grid: Grid = GRID, value: int = LIVER, slices: tuple[int, ...] = (1,)) -> LabelMap:
    array = np.zeros(grid.shape, np.uint8)
    for z in slices:
        array[z, 20:30, 25:40] = value
    return LabelMap(array, grid, standard_table())


def _scan(grid: Grid = GRID) -> Volume:
    """A cylinder of water that lies off the middle of its grid."""
    y, x = np.mgrid[: grid.shape[1], : grid.shape[2]]
    plane = np.where(((y - 26) / 16) ** 2 + ((x - 33) / 22) ** 2 < 1, 30, -1000)
    return Volume(np.broadcast_to(plane, grid.shape).astype(np.int16), grid)


def test_only_slices_that_hold_a_known_label_are_generated() -> None:
    mask = _mask(slices=(0, 2))
    mask.array[1, :4, :4] = SPLEEN  # this model does not know it
    made = _place(mask)
    assert made.slices == (0, 2)
    assert made.labels.shape == (2, 64, 64)
    assert made.target is mask.grid
    assert any("2 of 3 slices" in note for note in made.notes)


def test_the_working_slices_are_square_and_centred_on_the_mask() -> None:
    made = _place(_mask()).working
    assert made.shape == (3, 64, 64)
    assert made.spacing_mm == (6.0, 6.0, 5.0)
    centre = made.to_world((1, 31.5, 31.5))
    np.testing.assert_allclose(centre, GRID.to_world((1, 23.5, 29.5)), atol=1e-9)


def test_with_a_body_they_are_centred_on_it() -> None:
    mask = _mask()
    mask.array[1, 5:30, 10:50][mask.array[1, 5:30, 10:50] == 0] = BODY
    middle = _place(mask).working.to_world((1, 31.5, 31.5))
    np.testing.assert_allclose(middle[:2], GRID.to_world((1, 17, 29.5))[:2], atol=6.0)


def test_with_a_scan_they_are_centred_on_the_patient_and_told_his_outline() -> None:
    scan = _scan()
    made = _place(_mask(), scan)
    np.testing.assert_allclose(made.working.to_world((1, 31.5, 31.5))[:2], GRID.to_world((1, 26, 33))[:2], atol=12.0)
    assert made.scan_hu is not None
    assert made.scan_hu.shape == (1, 64, 64)
    body = made.labels == BODY
    assert body.sum() + (made.labels == LIVER).sum() == pytest.approx((scan.array[1] > 0).sum(), rel=0.08)
    assert (made.scan_hu[body] > 0).mean() > 0.95
    assert made.given.tolist() == [True, True, False]


def test_a_scan_on_another_grid_is_brought_to_the_slices() -> None:
    fine = Grid.centred((9, 96, 120), (3.0, 3.0, 2.0))
    scan = Volume(np.full(fine.shape, 50, np.int16), fine)
    made = _place(_mask(), scan)
    assert made.scan_hu is not None
    assert made.scan_hu[0, 32, 32] == pytest.approx(50)


def _oblique() -> Grid:
    tilt, turn = np.deg2rad(20), np.deg2rad(15)
    about_x = np.array([[1, 0, 0], [0, np.cos(tilt), -np.sin(tilt)], [0, np.sin(tilt), np.cos(tilt)]])
    about_z = np.array([[np.cos(turn), -np.sin(turn), 0], [np.sin(turn), np.cos(turn), 0], [0, 0, 1]])
    direction = tuple(tuple(float(v) for v in row) for row in about_z @ about_x)
    return Grid((3, 48, 60), (5.0, 4.0, 7.0), (12.0, -30.0, 100.0), direction)  # type: ignore[arg-type]


@pytest.mark.parametrize("grid", [GRID, _oblique()])
def test_a_label_stays_at_its_world_point(grid: Grid) -> None:
    made = _place(_mask(grid))
    index = np.argwhere(made.labels[0] == LIVER).mean(axis=0)
    there = made.working.to_world((made.slices[0], *index))
    np.testing.assert_allclose(there, grid.to_world((1, 24.5, 32)), atol=1.6)
    area = (made.labels == LIVER).sum() * 36.0
    assert area == pytest.approx(150 * grid.spacing_mm[0] * grid.spacing_mm[1], rel=0.1)


def test_the_working_slices_lie_in_the_planes_of_an_oblique_mask() -> None:
    grid = _oblique()
    made = _place(_mask(grid)).working
    assert made.direction == grid.direction
    for z in (0, 2):
        height = grid.to_index(made.to_world((z, 10, 50)))[0]
        assert height == pytest.approx(z, abs=1e-6)


def _blob(placement: Placement, centre: tuple[float, float]) -> NDArray[np.float32]:
    """A smooth hill on the working slices, centred on a voxel (y, x) of the target."""
    world = placement.target.to_world((placement.slices[0], *centre))
    _, cy, cx = placement.working.to_index(world)
    y, x = np.mgrid[:64, :64]
    return (100 * np.exp(-((y - cy) ** 2 + (x - cx) ** 2) / 30))[None].astype(np.float32)


@pytest.mark.parametrize("mode", ["bicubic", "bilinear"])
@pytest.mark.parametrize("grid", [GRID, _oblique()])
def test_results_go_back_to_where_they_belong(grid: Grid, mode: str) -> None:
    made = _place(_mask(grid))
    back = onto_target(_blob(made, (20, 33)), made, mode, AIR_HU)
    assert back.shape == grid.shape
    y, x = np.mgrid[:48, :60]
    distance = ((y - 20) * grid.spacing_mm[1]) ** 2 + ((x - 33) * grid.spacing_mm[0]) ** 2
    expected = 100 * np.exp(-distance / 36 / 30)
    np.testing.assert_allclose(back[1], expected, atol=3.0)


def test_what_was_not_generated_is_air() -> None:
    made = _place(_mask(Grid.centred((3, 90, 60), (6.0, 6.0, 5.0))))
    back = onto_target(np.zeros((1, 64, 64), np.float32), made, "bicubic", AIR_HU)
    assert (back[[0, 2]] == AIR_HU).all()
    assert (back[1, 13:77] == 0).all()
    assert (back[1, :13] == AIR_HU).all()
    assert (back[1, 77:] == AIR_HU).all()


def test_on_the_network_s_own_grid_nothing_is_interpolated() -> None:
    grid = Grid.centred((1, 64, 64), (6.0, 6.0, 5.0))
    made = _place(_mask(grid, slices=(0,)))
    np.testing.assert_array_equal(made.labels[0], _mask(grid, slices=(0,)).array[0])
    image = np.random.default_rng(0).normal(0, 100, (1, 64, 64)).astype(np.float32)
    np.testing.assert_allclose(onto_target(image, made, "bicubic", AIR_HU), image, atol=0.01)
    assert made.notes == ()


def test_given_groups_are_those_drawn_and_the_body_needs_both_its_layers() -> None:
    assert _place(_mask()).given.tolist() == [False, True, False]
    layers = {"muscle": ("skeletal_muscle",), "fat": ("subcutaneous_fat",)}
    config = TINY.model_copy(update={"label_groups": {**TINY.label_groups, **layers}})
    one, both, body = _mask(), _mask(), _mask()
    one.array[1, 30:34, 25:40] = both.array[1, 30:34, 25:40] = MUSCLE
    both.array[1, 34:38, 25:40] = FAT
    body.array[1, 30:34, 25:40] = BODY
    assert _place(one, config=config).given.tolist() == [False, True, False, True, False]
    assert _place(both, config=config).given.tolist() == [True, True, False, True, True]
    assert _place(body, config=config).given.tolist() == [True, True, False, False, False]


def test_notes_say_what_was_resampled_and_what_was_lost() -> None:
    fine = _place(_mask(Grid.centred((3, 48, 60), (3.0, 3.0, 5.0))))
    assert fine.notes[0] == "Mask resampled from 3 x 3 mm to 6 mm."
    wide = Grid.centred((1, 48, 200), (6.0, 6.0, 5.0))
    mask = LabelMap(np.full(wide.shape, LIVER, np.uint8), wide, standard_table())
    assert any("68% of the mask lies outside" in note and "384 mm" in note for note in _place(mask).notes)


def test_masks_that_cannot_be_used_are_refused() -> None:
    with pytest.raises(MaskError, match="empty"):
        _place(_mask(slices=()))
    with pytest.raises(MaskError, match=r"no label that this model knows.*body, liver, lesion"):
        _place(_mask(value=SPLEEN))
    tiny = Grid.centred((2, 2, 2), (1.0, 1.0, 1.0))
    with pytest.raises(GeometryError, match="2 x 2 voxels"):
        _place(LabelMap(np.full(tiny.shape, LIVER, np.uint8), tiny, standard_table()))


def test_scans_that_cannot_be_used_are_refused() -> None:
    scan, mask = _scan(), _mask()
    broken = scan.array.astype(np.float32)
    broken[0, 5, 5] = np.nan
    with pytest.raises(IntensityError, match="NaN"):
        _place(mask, replace(scan, array=broken))
    with pytest.raises(IntensityError, match="Hounsfield"):
        _place(mask, replace(scan, unit="arbitrary", modality="MR"))
    far = replace(GRID, origin_mm=(5000.0, 0.0, 0.0))
    with pytest.raises(GeometryError, match="do not overlap"):
        _place(mask, replace(scan, grid=far))
