"""The in-range judgement: green, amber, red, with reasons."""

from contextlib import nullcontext

import numpy as np
import pytest

from ctstudio.catalog.fit import worst
from ctstudio.catalog.model_card import ModelInfo, Range, Ranges
from ctstudio.catalog.na_diff_fit import MIN_VOXELS, assess, assess_noise, count_by_slice
from ctstudio.core.errors import GeometryError
from ctstudio.core.grid import Grid
from ctstudio.core.labels import LabelMap, standard_table
from ctstudio.core.volume import Volume

LIVER, SPLEEN, LUNG = 5, 1, 10
GRID = Grid.centred((4, 64, 64), (6.0, 6.0, 5.0))


@pytest.fixture
def info(ranges):
    return ModelInfo(name="a", size="demo", title="A", system="na_diff", ranges=ranges)


def mask(values, grid=GRID, side=10):
    array = np.zeros(grid.shape, np.uint8)
    for place, value in enumerate(values):
        array[1:3, 5 : 5 + side, 2 + 16 * place : 2 + 16 * place + side] = value
    return LabelMap(array, grid, standard_table())


def level(findings, what):
    return next(f for f in findings if f.what == what).level


def in_range_grid(shape=(4, 256, 256), mm=1.5):
    return Grid.centred(shape, (mm, mm, 5.0))


def test_all_green_when_everything_is_in_range(info):
    grid = in_range_grid()
    found = assess(info, mask([LIVER], grid, 40), grid, 0.25)
    assert worst(found) == "green"
    assert {f.what for f in found} == {"Voxels", "Field of view", "Voxel size", "Dose", "Liver size"}
    assert all(f.reason for f in found)


def test_a_field_of_view_outside_is_amber_and_far_outside_is_red(info):
    near, far = in_range_grid(mm=2.0), in_range_grid(mm=4.0)
    assert level(assess(info, mask([LIVER], near, 40), near, 0.25), "Field of view") == "amber"
    assert level(assess(info, mask([LIVER], far, 40), far, 0.25), "Field of view") == "red"


def test_coarse_voxels_are_told(info):
    grid = in_range_grid((4, 96, 96), 4.0)
    found = assess(info, mask([LIVER], grid), grid, 0.25)
    assert level(found, "Field of view") == "green"
    assert level(found, "Voxel size") == "amber"


def test_dose_outside_the_trained_range(info, ranges):
    narrow = info.model_copy(
        update={"ranges": ranges.model_copy(update={"dose": ranges.dose.model_copy(update={"low": 0.2})})}
    )
    grid = in_range_grid()
    assert level(assess(narrow, mask([LIVER], grid, 40), grid, 0.15), "Dose") == "amber"
    assert level(assess(narrow, mask([LIVER], grid, 40), grid, 0.05), "Dose") == "red"


def test_labels_the_model_does_not_know_are_ignored_in_amber(info):
    grid = in_range_grid()
    found = assess(info, mask([LIVER, LUNG], grid, 14), grid, 0.25)
    assert level(found, "Labels") == "amber"
    assert "lung upper lobe left" in next(f for f in found if f.what == "Labels").reason
    assert level(assess(info, mask([LUNG], grid), grid, 0.25), "Labels") == "red"


def test_label_sizes_are_judged_by_area_per_slice(info):
    grid = in_range_grid()
    assert level(assess(info, mask([LIVER], grid, 12), grid, 0.25), "Liver size") == "amber"
    tiny = assess(info, mask([LIVER], grid, 2), grid, 0.25)
    assert level(tiny, "Liver size") == "amber", "every organ ends in a slice that just touches it"
    assert "smaller" in next(f for f in tiny if f.what == "Liver size").reason
    huge = assess(info, mask([LIVER], grid, 110), grid, 0.25)
    assert "larger" in next(f for f in huge if f.what == "Liver size").reason


def test_one_odd_slice_of_many_is_no_finding(info):
    grid = in_range_grid((20, 256, 256))
    array = np.zeros(grid.shape, np.uint8)
    array[:, 40:80, 40:80] = LIVER
    array[0] = 0
    array[0, 50:52, 50:52] = LIVER
    assert level(assess(info, LabelMap(array, grid, standard_table()), grid, 0.25), "Liver size") == "green"


def test_an_empty_mask_is_red(info):
    grid = in_range_grid()
    found = assess(info, mask([], grid), grid, 0.25)
    assert level(found, "Mask") == "red"
    assert worst(found) == "red"


def test_a_two_voxel_slice_is_red(info):
    grid = Grid((4, 2, 2), (150.0, 150.0, 5.0))
    assert level(assess(info, mask([LIVER], grid), grid, 0.25), "Voxels") == "red"


def test_the_scan_must_be_hu_and_overlap(info):
    grid = in_range_grid()
    labels = mask([LIVER], grid, 40)
    pet = Volume(np.zeros(grid.shape, np.float32), grid, "PT", "SUV")
    away = Grid(grid.shape, grid.spacing_mm, (5000.0, 0.0, 0.0))
    assert level(assess(info, labels, grid, 0.25, pet), "Scan") == "red"
    assert level(assess(info, labels, grid, 0.25, Volume(np.zeros(grid.shape), away)), "Scan") == "red"
    assert level(assess(info, labels, grid, 0.25, Volume(np.zeros(grid.shape), grid)), "Scan") == "green"


def test_known_counts_give_the_same_findings(info):
    grid = in_range_grid()
    labels = mask([LIVER, SPLEEN], grid, 14)
    counts = count_by_slice(labels.array)
    assert assess(info, labels, grid, 0.25, slice_counts=counts) == assess(info, labels, grid, 0.25)


def test_worst_of_nothing_is_green():
    assert worst([]) == "green"


def test_the_fewest_voxels_are_those_that_a_system_takes():
    from ctstudio.systems.na_diff.conditions import label_groups
    from ctstudio.systems.na_diff.config import NaDiffConfig
    from ctstudio.systems.na_diff.placement import place

    config = NaDiffConfig(label_groups={"body": ("body",), "liver": ("liver",)})
    for side, taken in ((MIN_VOXELS, True), (MIN_VOXELS - 1, False)):
        grid = Grid((1, side, side), (40.0, 40.0, 5.0))
        mask = LabelMap(np.full(grid.shape, LIVER, np.uint8), grid, standard_table())
        with nullcontext() if taken else pytest.raises(GeometryError):
            place(mask, None, config, label_groups(config))


def test_areas_and_names_are_written_as_people_write_them(ranges):
    vertebra = "vertebrae_L1"
    narrow = ranges.model_copy(
        update={
            "labels": (*ranges.labels, vertebra),
            "label_area_mm2": {vertebra: ranges.label_area_mm2["liver"].model_copy(update={"low": 50.0, "high": 90.0})},
        }
    )
    info = ModelInfo(name="a", size="demo", title="A", system="na_diff", ranges=narrow)
    grid = in_range_grid()
    value = standard_table().by_name(vertebra).value
    found = next(f for f in assess(info, mask([value], grid, 90), grid, 0.25) if f.what.startswith("Vert"))
    assert found.what == "Vertebrae L1 size"
    assert found.reason.startswith("182 cm²")


def test_noise_beyond_what_was_seen_is_amber_with_the_reason() -> None:
    seen = Ranges(
        region="abdomen",
        fov_mm=Range(low=1, high=2),
        spacing_mm=Range(low=1, high=2),
        dose=Range(low=0.05, high=1),
        labels=[],
        noise_sd_hu=Range(low=8, high=60),
    )
    info = ModelInfo(name="m", size="paper", title="M", system="na_diff", ranges=seen)
    assert [assess_noise(info, sd).level for sd in (5.0, 30.0, 79.0)] == ["amber", "green", "amber"]
    assert "stronger" in assess_noise(info, 79.0).reason
    silent = info.model_copy(update={"ranges": seen.model_copy(update={"noise_sd_hu": None})})
    assert assess_noise(silent, 79.0) is None
