"""The slices of a run: from prepared cases, and from phantoms of a population."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ctstudio.catalog.dataset import read_dataset
from ctstudio.catalog.recipe import PhantomData, PreparedData
from ctstudio.core.errors import InputError, ParameterError
from ctstudio.core.grid import Grid
from ctstudio.core.labels import values_of
from ctstudio.phantom.population import Population
from ctstudio.training.data import check_data, in_words, load_slices, make_slices
from ctstudio.training.slices import patient_slices
from tiny_dataset import CUBE_HU, GRID, LESION, write_case, write_dataset


def _data(folder: Path, slices_each: int = 8) -> PreparedData:
    return PreparedData(source="dataset", folder=str(folder), slices_each=slices_each)


def _oblique() -> Grid:
    turn = np.deg2rad(12)
    rows = ((np.cos(turn), -np.sin(turn), 0.0), (np.sin(turn), np.cos(turn), 0.0), (0.0, 0.0, 1.0))
    direction = tuple(tuple(float(v) for v in row) for row in rows)
    return replace(GRID, direction=direction, origin_mm=(-20.0, 35.0, 400.0))  # type: ignore[arg-type]


@pytest.mark.parametrize("grid", [GRID, _oblique()])
def test_a_bright_cube_lands_where_it_should(tmp_path: Path, grid: Grid) -> None:
    case = write_case(tmp_path, "a", "train", grid)
    write_dataset(tmp_path, case, write_case(tmp_path, "b", "validation"))
    told: list[tuple[int, int]] = []
    make_slices(_data(tmp_path), tmp_path / "cache", "train", lambda done, total: told.append((done, total)))
    made = load_slices(tmp_path / "cache", "train")
    assert told == [(1, 1)]
    assert made.ct_hu.shape == (3, 256, 256)  # slice 0 holds no label
    assert made.scanned.all()
    bright = made.ct_hu[0] > (60 + CUBE_HU) / 2
    lesion = made.labels[0] == LESION
    assert (bright & lesion).sum() / (bright | lesion).sum() > 0.8
    spacing = grid.spacing_mm
    assert lesion.sum() * 1.5**2 == pytest.approx(6 * 8 * spacing[0] * spacing[1], rel=0.05)
    assert not (made.labels[2] == LESION).any()  # the cube ends before the last slice
    # 256 pixels of 1.5 mm, centred on the body: the cube's middle, from the body's, along the grid's own axes
    y, x = np.argwhere(lesion).mean(axis=0)
    assert ((x - 127.5) * 1.5, (y - 127.5) * 1.5) == pytest.approx(((43.5 - 34.5) * 5, (22.5 - 29.5) * 4), abs=6)


def test_slices_are_spread_over_those_with_labels(tmp_path: Path) -> None:
    write_dataset(tmp_path)
    make_slices(_data(tmp_path, slices_each=2), tmp_path / "cache", "validation", lambda done, total: None)
    made = load_slices(tmp_path / "cache", "validation")
    assert len(made) == 2
    assert [(labels == LESION).any() for labels in made.labels] == [True, False]  # the first and the last


def test_each_part_has_its_own_cases(tmp_path: Path) -> None:
    cases = [
        write_case(tmp_path, n, p) for n, p in (("a", "train"), ("b", "validation"), ("c", "test"), ("d", "train"))
    ]
    write_dataset(tmp_path, *cases)
    for part in ("train", "validation"):
        make_slices(_data(tmp_path, 1), tmp_path / "cache", part, lambda done, total: None)  # type: ignore[arg-type]
    assert load_slices(tmp_path / "cache", "train").seed.tolist() == [0, 3]
    assert load_slices(tmp_path / "cache", "validation").seed.tolist() == [1]


def test_cases_without_ct_or_labels_are_passed_over(tmp_path: Path) -> None:
    bare = write_case(tmp_path, "bare", "train")
    no_labels = bare.model_copy(update={"files": {"ct": bare.files["ct"]}})
    empty = write_case(tmp_path, "empty", "train", label_voxels={})
    good = write_case(tmp_path, "good", "train")
    write_dataset(tmp_path, no_labels, empty, good, write_case(tmp_path, "b", "validation"))
    make_slices(_data(tmp_path, 1), tmp_path / "cache", "train", lambda done, total: None)
    assert load_slices(tmp_path / "cache", "train").seed.tolist() == [2]


def test_data_that_cannot_be_used_are_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="not a prepared data set"):
        check_data(_data(tmp_path))
    lone = write_dataset(tmp_path / "lone", write_case(tmp_path / "lone", "a", "train"))
    with pytest.raises(InputError, match="No validation case"):
        check_data(_data(lone))
    bare = tmp_path / "bare"
    cases = [write_case(bare, n, p, label_voxels={}) for n, p in (("a", "train"), ("b", "validation"))]  # type: ignore[arg-type]
    with pytest.raises(InputError, match=r"No training case.*both a CT and labels"):
        check_data(_data(write_dataset(bare, *cases)))
    leak = tmp_path / "leak"
    cases = [write_case(leak, n, p, patient="P1") for n, p in (("a", "train"), ("b", "validation"))]  # type: ignore[arg-type]
    with pytest.raises(InputError, match="P1 lies in more than one part"):
        check_data(_data(write_dataset(leak, *cases)))
    gone = write_dataset(tmp_path / "gone")
    (gone / read_dataset(gone).cases[0].files["ct"]).unlink()
    with pytest.raises(InputError, match=r"lacks cases/a/ct\.npy"):
        check_data(_data(gone))


def test_phantoms_that_models_are_judged_on_are_refused() -> None:
    check_data(PhantomData(patients=10, slices_each=1, first_seed=8990))
    with pytest.raises(ParameterError, match="8990 to 9000"):
        check_data(PhantomData(patients=11, slices_each=1, first_seed=8990))


def test_the_data_are_put_into_words(tmp_path: Path) -> None:
    shifted = PhantomData(patients=20, slices_each=4, first_seed=100, fat_mm=(30, 45), contrast_phase="arterial")
    words = in_words(shifted)
    for part in ("20 procedural abdomens", "100 to 119", "30 to 45 mm of fat", "arterial", "4 axial"):
        assert part in words
    assert tmp_path.name in in_words(_data(tmp_path))


def test_slices_of_a_population_show_it() -> None:
    usual, obese = patient_slices(3, 2), patient_slices(3, 2, Population(fat_mm=(38.0, 42.0)))
    fat = values_of(["subcutaneous_fat"])[0]
    assert (obese.labels == fat).sum() > 1.3 * (usual.labels == fat).sum()
