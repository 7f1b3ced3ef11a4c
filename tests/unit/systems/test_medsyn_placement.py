"""Anatomy and scans on the model's voxels."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ctstudio.core.errors import GeometryError, IntensityError, MaskError
from ctstudio.core.grid import Grid
from ctstudio.core.labels import LUNG_LOBES, LabelMap, standard_table, values_of
from ctstudio.core.volume import Volume
from ctstudio.systems.medsyn.channels import AIRWAY, CT, LOBES, VESSELS, Chest
from ctstudio.systems.medsyn.config import MedsynConfig
from ctstudio.systems.medsyn.outcome import images_of, measures_of
from ctstudio.systems.medsyn.placement import coarser, field_grid, place_anatomy, place_freely, place_scan
from ctstudio.systems.medsyn.structures import READERS, drawn
from tiny_medsyn import CONFIG

MODEL = MedsynConfig.model_validate(CONFIG)
SIDE = MODEL.upscaler.side
FILE_GRID = Grid((40, 50, 60), (6.0, 6.0, 8.0), (-200.0, 90.0, 400.0))
"""Another grid, far from the origin."""
BRONCHI, VESSEL = values_of(["bronchi", "lung_vessels"])


def _lobes(grid: Grid = FILE_GRID) -> LabelMap:
    """Two ellipsoids, the left one at large x, each cut into lobes; a vessel drawn over each."""
    z, y, x = np.indices(grid.shape)
    array = np.zeros(grid.shape, np.uint8)
    values = values_of(LUNG_LOBES)
    for middle, upper, lower in ((42, values[0], values[1]), (18, values[2], values[4])):
        inside = ((x - middle) / 9) ** 2 + ((y - 25) / 12) ** 2 + ((z - 20) / 14) ** 2 < 1
        array[inside] = np.where(z[inside] >= 20, upper, lower)
        array[20:24, 25, middle] = VESSEL
    return LabelMap(array, grid, standard_table())


def _middle(where: np.ndarray, grid: Grid) -> np.ndarray:
    return grid.to_world(np.argwhere(where).mean(axis=0))


def test_a_free_volume_lies_around_the_origin_with_the_papers_extent() -> None:
    placement = place_freely(MODEL)
    assert placement.channels == ()
    for grid in (placement.fine, placement.coarse):
        low, high = grid.bounds_mm()
        assert low == pytest.approx([-158, -158, -146])
        assert high == pytest.approx([158, 158, 146])
        assert grid.orientation == ("L", "P", "S")
    assert (placement.fine.shape, placement.coarse.shape) == ((SIDE,) * 3, (SIDE // 2,) * 3)
    paper = field_grid(256)
    assert paper.spacing_mm == pytest.approx((1.2344, 1.2344, 1.1406), abs=1e-4)


def test_lobes_are_resampled_around_their_middle_and_stay_where_they_were() -> None:
    given = _lobes()
    placement = place_anatomy({"lobes": given}, MODEL)
    assert placement.channels == (LOBES,)
    assert any("resampled from voxels of 6 x 6 x 8 mm" in note for note in placement.notes)
    assert placement.fine.to_world(((SIDE - 1) / 2,) * 3) == pytest.approx(_middle(given.array > 0, FILE_GRID), abs=9)
    for number, name in enumerate(LUNG_LOBES, start=1):
        if given.of(name).any():
            got = _middle(placement.chest.lobes == number, placement.fine)
            assert got == pytest.approx(_middle(given.of(name), FILE_GRID), abs=8)
    assert (placement.chest.lobes == 4).sum() == 0
    assert any("lung middle lobe right" in note for note in placement.notes)


def test_vessels_drawn_over_a_lobe_belong_to_it() -> None:
    structure = READERS["lobes"](_lobes())
    assert (structure.array[_lobes().array == VESSEL] > 0).all()


def test_a_generated_chest_can_be_given_back_voxel_by_voxel() -> None:
    fine = field_grid(SIDE, (10.0, -5.0, 30.0))
    labels = LabelMap(np.zeros(fine.shape, np.uint8), fine, standard_table())
    labels.array[4:12, 4:12, 9:13] = values_of(LUNG_LOBES)[0]
    labels.array[8, 8, 8] = BRONCHI
    placement = place_anatomy({"lobes": labels, "airway": labels}, MODEL)
    assert placement.fine == fine
    assert placement.channels == (LOBES, AIRWAY)
    assert not any("resampled" in note for note in placement.notes)
    assert placement.chest.airway.sum() == 1
    assert (placement.chest.lobes == 1).sum() >= 8 * 8 * 4


def test_masks_without_names_are_understood_where_that_is_plain() -> None:
    one = LabelMap(np.where(_lobes().array > 0, 1, 0).astype(np.uint8), FILE_GRID, standard_table())
    placement = place_anatomy({"vessels": one}, MODEL)
    assert placement.channels == (VESSELS,)
    assert placement.chest.vessels.any()
    assert any("only value, 1" in note for note in placement.notes)
    numbers = np.zeros(256, np.uint8)
    numbers[list(values_of(LUNG_LOBES))] = range(1, 6)
    numbered = LabelMap(numbers[_lobes().array], FILE_GRID, standard_table())
    assert any("values 1 to 5" in note for note in place_anatomy({"lobes": numbered}, MODEL).notes)
    with pytest.raises(MaskError, match="given as airway shows none") as caught:
        place_anatomy({"airway": numbered}, MODEL)
    assert f"bronchi ({BRONCHI})" in caught.value.remedy


def test_mirrored_lobes_are_followed_and_that_is_said() -> None:
    lobes = _lobes()
    mirrored = replace(lobes, array=np.ascontiguousarray(lobes.array[:, :, ::-1]))
    assert any("mirrored" in note for note in place_anatomy({"lobes": mirrored}, MODEL).notes)
    assert not any("mirrored" in note for note in place_anatomy({"lobes": lobes}, MODEL).notes)


def test_empty_anatomy_and_parts_of_two_patients_are_refused() -> None:
    empty = LabelMap(np.zeros(FILE_GRID.shape, np.uint8), FILE_GRID, standard_table())
    with pytest.raises(MaskError, match="given as lobes is empty"):
        place_anatomy({"lobes": empty}, MODEL)
    far = replace(FILE_GRID, origin_mm=(5000.0, 0.0, 0.0))
    airway = LabelMap(np.where(_lobes().array > 0, BRONCHI, 0).astype(np.uint8), far, standard_table())
    with pytest.raises(GeometryError, match="given as airway shows nothing"):
        place_anatomy({"lobes": _lobes(), "airway": airway}, MODEL)


def _scan(grid: Grid = FILE_GRID) -> Volume:
    """A body with the lungs of `_lobes`, air around it."""
    _, y, x = np.indices(grid.shape)
    body = ((x - 30) / 27) ** 2 + ((y - 25) / 20) ** 2 < 1
    return Volume(np.where(_lobes(grid).array > 0, -850, np.where(body, 40, -1000)).astype(np.int16), grid)


def test_a_scan_is_placed_around_its_lungs() -> None:
    placement = place_scan(_scan(), MODEL)
    lungs = _lobes().array > 0
    assert placement.fine.to_world(((SIDE - 1) / 2,) * 3) == pytest.approx(_middle(lungs, FILE_GRID), abs=9)
    assert placement.channels == (CT,)
    assert np.percentile(placement.chest.hu, 5) < -800
    assert placement.chest.hu.max() == pytest.approx(40, abs=1)
    assert any("resampled" in note for note in placement.notes)
    assert any("reaches beyond" in note for note in placement.notes)


def test_scans_without_lungs_or_hu_are_refused() -> None:
    scan = _scan()
    with pytest.raises(MaskError, match="No lungs"):
        place_scan(replace(scan, array=np.full(FILE_GRID.shape, 40, np.int16)), MODEL)
    with pytest.raises(IntensityError, match="Hounsfield"):
        place_scan(replace(scan, unit="arbitrary"), MODEL)
    torn = scan.array.astype(np.float32)
    torn[3, 3, 3] = np.nan
    with pytest.raises(IntensityError, match="NaN"):
        place_scan(replace(scan, array=torn), MODEL)


def test_labels_are_drawn_lobes_first_vessels_last_and_measured() -> None:
    fine = field_grid(SIDE)
    lobes = np.zeros(fine.shape, np.uint8)
    lobes[:, :, 8:] = 1
    lobes[:, :, :4] = 5
    airway, vessels = np.zeros(fine.shape, bool), np.zeros(fine.shape, bool)
    airway[0, 0, :2] = vessels[0, 0, 1:3] = True
    chest = Chest(np.full(fine.shape, -800, np.int16), lobes, airway, vessels)
    made = drawn(chest)
    assert [int(v) for v in made[0, 0, [0, 1, 2, 3, 9]]] == [
        BRONCHI,
        VESSEL,
        VESSEL,
        *values_of([LUNG_LOBES[4], LUNG_LOBES[0]]),
    ]
    measures = measures_of(chest, fine)
    assert measures["left_lung_ml"] == pytest.approx(2 * measures["right_lung_ml"], rel=1e-3)
    assert measures["left_lung_ml"] == pytest.approx(292 * 316 * 316 / 2 / 1000, rel=1e-3)
    outputs = images_of(chest, fine)
    assert outputs["ct"].synthetic
    assert outputs["labels"].synthetic
    assert outputs["ct"].array.dtype == np.int16
    assert measures_of(replace(chest, lobes=np.zeros(fine.shape, np.uint8)), fine) == {}


def test_the_coarse_grid_covers_what_the_fine_one_does() -> None:
    fine = field_grid(16, (3.0, -7.0, 100.0))
    for one, other in zip(fine.bounds_mm(), coarser(fine, 4).bounds_mm(), strict=True):
        assert one == pytest.approx(other)
