"""A consolidation lies in the lobe asked for, is told so, and patients without one stay who they were."""

from __future__ import annotations

import hashlib
import json

import numpy as np
import pytest

from ctstudio.core.errors import ParameterError
from ctstudio.core.grid import Grid
from ctstudio.core.labels import LUNG_LOBES
from ctstudio.phantom.chest_grid import chest_grid
from ctstudio.phantom.chest_structures import chest_structures
from ctstudio.phantom.patient import Patient, make_patient
from ctstudio.phantom.render import render
from ctstudio.phantom.report import report
from ctstudio.phantom.truth import truth

LOBES = ["left-upper", "left-lower", "right-upper", "right-middle", "right-lower"]


def volume_by_lobe_ml(patient: Patient) -> np.ndarray:
    grid = chest_grid(patient, 48)
    phantom = render(patient, grid, pet=False, mr=False)
    lobes = chest_structures(phantom).lobes[phantom.labels.of("consolidation")]
    return np.bincount(lobes, minlength=6) * grid.voxel_volume_mm3 / 1000


@pytest.mark.parametrize("where", LOBES)
def test_it_lies_in_the_lobe_and_grows_with_its_size(where: str) -> None:
    side, lobe = where.split("-")
    number = 1 + LUNG_LOBES.index(f"lung_{lobe}_lobe_{side}")
    volumes = []
    for size in ("small", "moderate", "large"):
        by_lobe = volume_by_lobe_ml(make_patient(31, "chest", {"consolidation": f"{size}-{where}"}))
        assert by_lobe[number] > 0.9 * by_lobe.sum()
        volumes.append(by_lobe.sum())
    assert volumes[0] > 10
    assert volumes[1] > 1.8 * volumes[0]
    assert volumes[2] > 1.4 * volumes[1]


def test_truth_and_report_name_the_lobe() -> None:
    patient = make_patient(32, "chest", {"consolidation": "large-right-middle"})
    assert "in the right middle lobe" in report(patient)
    told = json.loads(json.dumps(truth(patient, render(patient, chest_grid(patient, 8), pet=False, mr=False))))
    assert told["findings"][0]["lobe"] == told["spots"][0]["lobe"] == "middle"


def test_a_lobe_alone_brings_its_side() -> None:
    sides = {make_patient(seed, "chest", {"consolidation": "middle"}).findings[0].side for seed in range(12)}
    assert sides == {"right"}
    sides = {make_patient(seed, "chest", {"consolidation": "upper"}).findings[0].side for seed in range(12)}
    assert sides == {"left", "right"}


@pytest.mark.parametrize("value", ["large-left-middle", "upper-lower", "none-left"])
def test_lobes_that_are_none_are_refused(value: str) -> None:
    with pytest.raises(ParameterError, match="consolidation") as refused:
        make_patient(1, "chest", {"consolidation": value})
    assert "upper" in refused.value.remedy


def test_a_nodule_has_no_lobe_to_ask_for() -> None:
    with pytest.raises(ParameterError):
        make_patient(1, "chest", {"nodule": "large-left-upper"})


def test_none_says_that_a_finding_is_absent() -> None:
    asked = {"effusion": "none", "nodule": "large-left"}
    assert make_patient(4, "chest", asked) == make_patient(4, "chest", {"nodule": "large-left"})


@pytest.mark.parametrize(
    ("region", "seed", "wish", "digest"),
    [
        ("chest", 0, None, "34f58349dff4f3a4"),
        ("chest", 1, None, "a0323b596007157d"),
        ("chest", 10, None, "23433ad0692a57d4"),
        ("chest", 3, {"consolidation": "large-left"}, "3bbe2325efffc408"),
        ("chest", 3, {"consolidation": "small"}, "797ce0aa504e6a57"),
        ("abdomen", 1, None, "402684204fd5dd77"),
        ("abdomen", 3, None, "1177530673ebae82"),
    ],
)
def test_patients_without_a_lobe_asked_for_stay_voxel_for_voxel(
    region: str, seed: int, wish: dict[str, str] | None, digest: str
) -> None:
    patient = make_patient(seed, region, wish)  # type: ignore[arg-type]
    low = -70.0 if region == "chest" else -260.0
    made = render(patient, Grid((36, 36, 48), (8.0, 8.0, 8.0), (-188.0, -140.0, low)), pet=False, mr=False)
    data = made.ct.array.tobytes() + made.labels.array.tobytes()
    assert hashlib.sha256(data).hexdigest()[:16] == digest
