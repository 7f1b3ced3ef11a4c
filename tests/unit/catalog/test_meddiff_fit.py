"""What lies outside what a model of MedDiff-FM knows is said before it runs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ctstudio.catalog.cards import card
from ctstudio.catalog.fit import worst
from ctstudio.catalog.fits import fits_of
from ctstudio.catalog.meddiff_organs import classes_of, region_shown
from ctstudio.catalog.model_card import ModelInfo, Range, Ranges
from ctstudio.catalog.shelf import Model
from ctstudio.core.errors import ParameterError
from ctstudio.core.grid import Grid
from ctstudio.core.labels import LabelMap, standard_table, values_of
from ctstudio.core.volume import Volume

GRID = Grid.centred((64, 64, 64), (3.0, 3.0, 3.0))


def _model(controls: tuple[str, ...] = ("liver_lesion",)) -> Model:
    any_number = Range(low=0, high=1000)
    ranges = Ranges(region="all", fov_mm=any_number, spacing_mm=any_number, dose=any_number, labels=["liver"])
    config = {"patch": 64, "spacing_mm": 3.0, "channels": [32, 64, 96], "frequencies": 5, "anatomy_width": 16,
              "fold": 2, "controls": list(controls)}  # fmt: skip
    return Model(
        ModelInfo(name="m", size="demo", title="m", system="meddiff_fm", ranges=ranges, config=config), Path("m")
    )


def _anatomy(grid: Grid = GRID, *names: str) -> LabelMap:
    array = np.zeros(grid.shape, np.uint8)
    array[10:50, 10:50, 10:50] = values_of(["body"])[0]
    for number, value in enumerate(values_of(names or ("liver",))):
        array[15:35, 15:35, 15 + 6 * number : 21 + 6 * number] = value
    return LabelMap(array, grid, standard_table(), synthetic=True)


def _filled(value: int) -> LabelMap:
    return LabelMap(np.full(GRID.shape, value, np.uint8), GRID, standard_table(), synthetic=True)


def _scan(grid: Grid = GRID, synthetic: bool = True) -> Volume:
    return Volume(np.zeros(grid.shape, np.int16), grid, synthetic=synthetic)


def _said(task: str, inputs: dict[str, Volume | LabelMap], model: Model | None = None, **given: object) -> list[str]:
    values = card("meddiff_fm", task).validated(given)
    found = fits_of(model or _model(), values, inputs)
    return [f"{one.level} {one.what}: {one.reason}" for one in found if one.level != "green"]


def test_a_phantom_at_the_models_voxels_is_within():
    assert _said("synthesize", {"anatomy": _anatomy()}) == []
    assert _said("detect", {"scan": _scan(), "anatomy": _anatomy()}) == []
    found = fits_of(_model(), card("meddiff_fm", "synthesize").validated({}), {"anatomy": _anatomy()})
    assert found != []
    assert worst(found) == "green"


def test_a_real_scan_is_outside_of_what_a_demo_model_knows():
    [said] = _said("denoise", {"scan": _scan(synthetic=False)})
    assert "Outside what the model knows: it has seen phantoms only" in said


@pytest.mark.parametrize(
    ("grid", "words"),
    [
        (Grid((64, 64, 64), (0.7, 0.7, 1.0)), "finer than the model's 3 mm"),
        (Grid((64, 64, 64), (9.0, 9.0, 9.0)), "coarser than the model's 3 mm"),
        (Grid((8, 64, 64), (0.7, 0.7, 12.0)), "very uneven"),
        (Grid((20, 20, 20), (3.0, 3.0, 3.0)), "much less than the 192 mm"),
    ],
)
def test_voxels_and_size(grid: Grid, words: str):
    assert any(words in said for said in _said("denoise", {"scan": _scan(grid)}, detail="model"))


@pytest.mark.parametrize(
    ("task", "inputs", "given", "words"),
    [
        ("synthesize", {"anatomy": _filled(0)}, {}, "empty"),
        ("synthesize", {"anatomy": _filled(222)}, {},
         "None of these labels is known: label 222"),
        ("synthesize", {"anatomy": _anatomy()}, {"labels_mean": "1=dragon"}, "dragon"),
        ("detect", {"scan": _scan(), "anatomy": _anatomy()}, {"organ": "lung"}, "holds no lung"),
        ("detect", {"scan": _scan(), "anatomy": _anatomy()}, {"organ": "wing"}, "No organ is called 'wing'"),
        ("inpaint-lesion", {"scan": _scan(), "lesion": _filled(0)},
         {}, "mask is empty"),
        ("inpaint-lesion", {"scan": _scan(), "lesion": _anatomy(Grid((64, 64, 64), (3, 3, 3), (900, 0, 0)))}, {},
         "outside the image"),
        ("add-lesion", {"anatomy": _anatomy(), "lesion": _anatomy()}, {"kind": "lung_nodule"},
         "cannot draw lung nodule"),
        ("denoise", {"scan": Volume(np.zeros(GRID.shape, np.float32), GRID, "MR", "arbitrary", True)}, {},
         "not Hounsfield"),
    ],
)  # fmt: skip
def test_what_cannot_work_is_red(task: str, inputs: dict, given: dict, words: str):
    assert any(said.startswith("red") and words in said for said in _said(task, inputs, **given))


def test_labels_without_body_and_three_classes_are_told():
    bare = _anatomy()
    bare.array[bare.array == values_of(["body"])[0]] = 0
    assert any("no body" in said for said in _said("synthesize", {"anatomy": bare}))
    three = LabelMap(np.zeros(GRID.shape, np.uint8), GRID, standard_table(), True)
    three.array[10:20, 10:20, 10:20], three.array[20:30, 10:20, 10:20], three.array[30:35, 10:20, 10:20] = 1, 2, 3
    assert any("Only spleen, kidney right, kidney left" in said for said in _said("synthesize", {"anatomy": three}))
    told = _said("synthesize", {"anatomy": three}, labels_mean="1=liver,2=liver,3=body")
    assert not any("Only" in said for said in told)


def test_another_numbering_shows_itself_by_size_and_side():
    huge = _anatomy(GRID, "gallbladder")
    huge.array[12:48, 12:48, 12:48] = values_of(["gallbladder"])[0]
    assert any("gallbladder has" in said for said in _said("synthesize", {"anatomy": huge}))
    mirrored = _anatomy(GRID, "spleen", "kidney_left", "kidney_left", "liver")
    assert any("mirrored" in said for said in _said("synthesize", {"anatomy": mirrored}))


def test_a_model_without_control_networks_draws_no_lesion():
    said = _said("add-lesion", {"anatomy": _anatomy(), "lesion": _anatomy()}, _model(()))
    assert any(one.startswith("red Kind") and "no lesion" in one for one in said)


def test_organs_and_regions():
    assert classes_of("lung") == {10, 11, 12, 13, 14}
    assert classes_of("Liver, kidney left") == {5, 3}
    with pytest.raises(ParameterError):
        classes_of(" , ")
    assert region_shown(_anatomy(GRID, "liver").array) == "abdomen"
    assert region_shown(_anatomy(GRID, "heart").array) == "chest"
    assert region_shown(np.full((2, 2, 2), 118, np.uint8)) is None


def test_the_plan_is_said_before_the_run_and_too_little_memory_is_red():
    values = card("meddiff_fm", "synthesize").validated({})
    large = _anatomy(Grid.centred((64, 96, 100), (3.0, 3.0, 3.0)))
    [told] = [one for one in fits_of(_model(), values, {"anatomy": large}) if one.what == "Windows"]
    assert told.level == "green"
    assert "100 × 96 × 64 voxels in 4 windows, 25% overlap, of 64 × 64 × 64" in told.reason
    [short] = [one for one in fits_of(_model(), values, {"anatomy": large}, 1000) if one.what == "Windows"]
    assert short.level == "red"
    assert "memory" in short.reason


def test_a_lung_without_a_side_is_a_lung():
    sideless = _anatomy(GRID, "lung")
    assert _said("detect", {"scan": _scan(), "anatomy": sideless}, organ="lung") == []
    assert any("no liver" in one for one in _said("detect", {"scan": _scan(), "anatomy": sideless}, organ="liver"))


def test_a_finer_scan_is_said_to_go_lattice_by_lattice():
    fine = _scan(Grid((40, 96, 96), (1.5, 1.5, 3.0)))
    found = fits_of(_model(), card("meddiff_fm", "denoise").validated({}), {"scan": fine})
    [told] = [one for one in found if one.what == "Windows"]
    assert told.reason.startswith("4 lattices of 64 × 64 × 64 voxels in a single window")
