"""The dial says what a sample will be asked for."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from ctstudio.catalog.model_card import ModelInfo, Range, Ranges
from ctstudio.core.errors import ParameterError
from ctstudio.core.grid import Grid
from ctstudio.core.labels import LabelMap, standard_table, values_of
from ctstudio.core.volume import Volume
from ctstudio.core.working_grid import FieldOfView
from ctstudio.io.reading import read_labels, read_volume
from ctstudio.session.document import Case, Document
from ctstudio.session.noise_prediction import predicted_noise_sd
from ctstudio.systems.na_diff.conditions import label_groups
from ctstudio.systems.na_diff.config import NaDiffConfig
from ctstudio.systems.na_diff.outcome import noise_measures
from ctstudio.systems.na_diff.placement import place

DATA = Path(__file__).resolve().parents[3].parent / "shared" / "data" / "02_totalseg_dicom_j2k"
GROUPS = {"body": ("body", "skin"), "liver": ("liver",), "spleen": ("spleen",), "lung": ("lung_upper_lobe_left",)}
LIVER, SPLEEN, LUNG, STOMACH = values_of(["liver", "spleen", "lung_upper_lobe_left", "stomach"])
WIDE = Grid.centred((3, 150, 200), (3.0, 3.0, 5.0))
FITTING = Grid.centred((3, 120, 120), (3.0, 3.0, 5.0))


@pytest.fixture
def config() -> NaDiffConfig:
    return NaDiffConfig(image_size=128, pixel_mm=3.0, label_groups=GROUPS)


@pytest.fixture
def info(config: NaDiffConfig) -> ModelInfo:
    wide = Range(low=0.01, high=1e6)
    names = [name for group in GROUPS.values() for name in group]
    ranges = Ranges(region="abdomen", fov_mm=wide, spacing_mm=wide, dose=wide, labels=names)
    return ModelInfo(
        name="a", size="demo", title="A", system="na_diff", config=config.model_dump(mode="json"), ranges=ranges
    )


def _ellipse(grid: Grid, x_mm: float, y_mm: float, width_mm: float, depth_mm: float) -> NDArray[np.bool_]:
    y, x = np.mgrid[: grid.shape[1], : grid.shape[2]]
    dx, dy = (x - (grid.shape[2] - 1) / 2) * 3.0 - x_mm, (y - (grid.shape[1] - 1) / 2) * 3.0 - y_mm
    return (2 * dx / width_mm) ** 2 + (2 * dy / depth_mm) ** 2 < 1


def _case(grid: Grid, value: int = LIVER, slices: int = 3) -> Case:
    """A torso; on a wide grid with both arms beside it, which the model does not see."""
    tissue = _ellipse(grid, 0, 0, 340, 230) | _ellipse(grid, -235, 10, 90, 90) | _ellipse(grid, 235, 10, 90, 90)
    hu = np.broadcast_to(np.where(tissue, 40, -1000), grid.shape).astype(np.int16)
    document = Document()
    case = document.open_volume(Volume(hu, grid))
    labels = np.zeros(grid.shape, np.uint8)
    labels[:slices] = np.where(_ellipse(grid, -70, 0, 110, 120), value, 0)
    document.import_mask(LabelMap(labels, grid, standard_table()))
    return case


def _asked(case: Case, config: NaDiffConfig, dose: float, use_scan: bool = True) -> float:
    """What a sample of this case says it was asked for."""
    like = case.volume if use_scan else None
    placement = place(case.mask.snapshot(), like, config, label_groups(config))
    return noise_measures(np.zeros(placement.labels.shape, np.float32), placement, dose)["requested_noise_sd_hu"]


@pytest.mark.parametrize("grid", [WIDE, FITTING])
@pytest.mark.parametrize("value", [LIVER, SPLEEN, LUNG])
@pytest.mark.parametrize("use_scan", [True, False])
def test_the_dial_says_what_a_sample_is_asked_for(
    grid: Grid, value: int, use_scan: bool, info: ModelInfo, config: NaDiffConfig
) -> None:
    case = _case(grid, value)
    assert predicted_noise_sd(case, 0.25, info, use_scan) == pytest.approx(_asked(case, config, 0.25, use_scan))


def test_arms_outside_the_model_s_view_do_not_count(info: ModelInfo) -> None:
    seen = predicted_noise_sd(_case(WIDE), 1.0, info)
    everything = info.model_copy(update={"config": {"image_size": 256, "pixel_mm": 3.0}})
    assert predicted_noise_sd(_case(FITTING), 1.0, info) == pytest.approx(seen, rel=0.03)
    assert predicted_noise_sd(_case(WIDE), 1.0, everything) > 1.2 * seen


def test_of_a_long_mask_some_slices_are_enough(info: ModelInfo, config: NaDiffConfig) -> None:
    grid = Grid.centred((24, 120, 120), (3.0, 3.0, 5.0))
    case = _case(grid, slices=24)
    case.volume.array[12:] = np.where(case.volume.array[12:] > 0, 40, case.volume.array[12:])
    case.volume.array[:12, :45] = -1000  # a thinner half
    assert predicted_noise_sd(case, 0.5, info) == pytest.approx(_asked(case, config, 0.5), rel=0.03)


def test_slices_without_a_label_the_model_knows_do_not_count(info: ModelInfo) -> None:
    case = _case(FITTING, STOMACH)
    assert predicted_noise_sd(case, 0.5, info) is None
    assert predicted_noise_sd(case, 0.5) is not None


def test_a_mask_without_a_scan_is_predicted_from_its_organs(info: ModelInfo, config: NaDiffConfig) -> None:
    labels = _case(FITTING).mask.snapshot()
    case = Document().open_mask(labels)
    assert predicted_noise_sd(case, 0.5, info) == pytest.approx(_asked(case, config, 0.5, use_scan=False))


def test_noise_falls_with_dose_and_starts_with_the_first_stroke(info: ModelInfo) -> None:
    case = _case(FITTING)
    case.mask.clear()
    assert predicted_noise_sd(case, 0.25, info) is None
    case.mask.stamp((1, 60, 40), 0)
    quarter, whole = predicted_noise_sd(case, 0.25, info), predicted_noise_sd(case, 1.0, info)
    assert quarter == pytest.approx(2.0 * whole)
    with pytest.raises(ParameterError, match="outside 0 to 1"):
        predicted_noise_sd(case, 0.0, info)


def test_a_scan_that_a_request_would_refuse_gives_no_number(info: ModelInfo) -> None:
    case = _case(FITTING)
    broken = case.volume.array.astype(np.float32)
    broken[1, 60, 40] = np.nan
    for volume in (replace(case.volume, array=broken), replace(case.volume, unit="SUV", modality="PT")):
        case.volume = volume
        assert predicted_noise_sd(case, 0.5, info) is None
        assert predicted_noise_sd(case, 0.5, info, use_scan=False) is not None


def test_desk_and_system_mean_the_same_square_when_a_model_does_not_say() -> None:
    assert FieldOfView() == FieldOfView(NaDiffConfig().image_size, NaDiffConfig().pixel_mm)


@pytest.mark.skipif(not DATA.is_dir(), reason="the real scans are not beside the checkout")
def test_a_real_scan_with_the_arms_beside_the_body(info: ModelInfo) -> None:
    config = NaDiffConfig(label_groups=GROUPS)
    info = info.model_copy(update={"config": config.model_dump(mode="json")})
    document = Document()
    case = document.open_volume(read_volume(DATA / "example_ct_dicom"))
    document.import_mask(read_labels(DATA / "example_seg_dicom.nii.gz"))
    assert predicted_noise_sd(case, 1.0, info) == pytest.approx(_asked(case, config, 1.0), rel=0.02)
