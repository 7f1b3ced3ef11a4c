"""The form is always valid; the request is frozen; every bad input is refused in plain words."""

import numpy as np
import pytest

from ctstudio.catalog.cards import card
from ctstudio.catalog.fit import worst
from ctstudio.catalog.model_card import ModelInfo, Range, Ranges
from ctstudio.catalog.shelf import model_folders
from ctstudio.core.errors import GeometryError, IntensityError, MaskError, ModelNotFound, ParameterError
from ctstudio.core.grid import Grid
from ctstudio.core.volume import Volume
from ctstudio.session.document import Document
from ctstudio.session.generation import GenerationForm


@pytest.fixture
def form():
    return GenerationForm(card("na_diff", "generate"), "na-diff-demo")


@pytest.fixture
def open_case(make_labels):
    def make(volume, value=5):
        document = Document()
        case = document.open_volume(volume)
        if value:
            document.import_mask(make_labels(volume.grid, value))
        return case

    return make


def test_a_request_holds_everything_and_later_strokes_do_not_change_it(form, open_case, scan):
    case = open_case(scan)
    form.set("dose", 0.1)
    form.set("seed", 1874)
    request = form.build_request(case)
    assert (request.system, request.task, request.model) == ("na_diff", "generate", "na-diff-demo")
    assert (request.parameters["dose"], request.parameters["seed"], request.parameters["steps"]) == (0.1, 1874, 20)
    assert request.inputs["like"] is scan
    before = request.inputs["mask"].array.copy()
    case.mask.clear()
    assert np.array_equal(request.inputs["mask"].array, before)
    assert before.any()
    assert form.build_request(open_case(scan)).id != request.id


def test_without_the_scan_only_the_mask_goes(form, open_case, scan):
    form.use_scan = False
    assert set(form.build_request(open_case(scan)).inputs) == {"mask"}


def test_a_mask_alone_makes_a_request_without_a_scan(form, grid, make_labels):
    case = Document().open_mask(make_labels(grid))
    assert set(form.build_request(case).inputs) == {"mask"}


@pytest.mark.parametrize(
    ("name", "value"), [("dose", 0), ("dose", 1.5), ("steps", 3), ("sampler", "x"), ("size", 2), ("seed", None)]
)
def test_a_wrong_value_is_refused_and_the_old_one_stays(form, name, value, listen):
    told, before = listen(form.changed), form.values
    with pytest.raises(ParameterError):
        form.set(name, value)
    assert form.values == before
    assert told.heard == []


def test_changes_are_told_once(form, listen):
    told = listen(form.changed)
    form.set("dose", 0.5)
    form.set("dose", 0.5)
    form.model = "other"
    form.seed_locked = True
    assert told.heard == ["dose", "model", "seed_locked"]


def test_dice_and_lock(form):
    seeds = {form.roll_seed() for _ in range(8)}
    assert len(seeds) > 1
    form.seed_locked = True
    kept = form.values["seed"]
    form.after_submit()
    assert form.values["seed"] == kept
    form.seed_locked = False
    assert len({(form.after_submit(), form.values["seed"])[1] for _ in range(8)}) > 1


def test_reset_keeps_the_seed(form):
    form.set("seed", 5)
    form.set("dose", 0.8)
    form.reset()
    assert form.values == {**form.card.defaults(), "seed": 5}


def test_no_model(form, open_case, scan):
    form.model = ""
    with pytest.raises(ModelNotFound) as caught:
        form.build_request(open_case(scan))
    assert str(model_folders()[1]) in caught.value.remedy


def test_an_empty_mask(form, open_case, scan):
    with pytest.raises(MaskError, match="empty"):
        form.build_request(open_case(scan, value=0))


def test_nan_voxels_and_how_to_go_on(form, open_case, grid):
    array = np.zeros(grid.shape, np.float32)
    array[3, 4, 5] = np.nan
    array[0, 0, 0] = np.inf
    with pytest.raises(IntensityError, match="2 voxels") as caught:
        form.build_request(open_case(Volume(array, grid)))
    assert "Like this scan" in caught.value.remedy
    form.use_scan = False
    form.build_request(open_case(Volume(array, grid)))


def test_a_scan_that_is_not_hu(form, open_case, grid):
    with pytest.raises(IntensityError, match="SUV"):
        form.build_request(open_case(Volume(np.zeros(grid.shape, np.float32), grid, "PT", "SUV")))


def test_too_few_voxels(form):
    grid = Grid((1, 1, 2))
    case = Document().open_volume(Volume(np.zeros(grid.shape, np.int16), grid))
    case.mask.stamp((0, 0, 0), 0)
    with pytest.raises(GeometryError, match="2 × 1 voxels"):
        form.build_request(case)


def test_findings_need_no_walk_through_the_mask(form, open_case):
    grid = Grid.centred((12, 200, 200), (1.8, 1.8, 5.0))
    wide = Range(low=0.01, high=1e6)
    ranges = Ranges(region="abdomen", fov_mm=wide, spacing_mm=wide, dose=wide, labels=["liver"])
    info = ModelInfo(name="a", size="demo", title="A", system="na_diff", ranges=ranges)
    case = open_case(Volume(np.zeros(grid.shape, np.int16), grid))
    assert worst(form.findings(case, info)) == "green"
    case.mask.clear()
    assert worst(form.findings(case, info)) == "red"
