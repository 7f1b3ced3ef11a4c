"""What is asked for is in the image, in the truth and in the report."""

import json

import numpy as np
import pytest

from ctstudio.core.grid import Grid
from ctstudio.phantom.patient import make_patient
from ctstudio.phantom.render import render
from ctstudio.phantom.report import report
from ctstudio.phantom.spots import spots_of, to_world
from ctstudio.phantom.truth import truth

WISHES = [
    ("chest", "effusion", "large-left", "pleural_effusion", "left pleural effusion"),
    ("chest", "emphysema", "large", "bulla", "severe emphysema"),
    ("chest", "consolidation", "large-right", "consolidation", "right lung"),
    ("chest", "nodule", "large-left", "lung_nodule", "left lung"),
    ("abdomen", "liver_lesion", "large", "liver_lesion", "lobe of the liver"),
    ("abdomen", "kidney_lesion", "large-right", "kidney_lesion", "right kidney"),
    ("abdomen", "nodes", "large", "lymph_node", "enlarged lymph nodes"),
    ("abdomen", "tumour", "large-left", "fdg_avid_tumor", "left mesentery"),
    ("head", "tumour", "large-right", "fdg_avid_tumor", "right cerebral hemisphere"),
]


def region_grid(region: str) -> Grid:
    low, count = {"chest": (-70.0, 46), "abdomen": (-260.0, 54), "head": (-60.0, 26)}[region]
    return Grid((count, 48, 64), (6.0, 6.0, 6.0), (-189.0, -141.0, low))


@pytest.mark.parametrize(("region", "name", "value", "label", "words"), WISHES)
def test_a_finding_is_seen_measured_and_reported(region, name, value, label, words):
    healthy, ill = make_patient(21, region, {}), make_patient(21, region, {name: value})
    grid = region_grid(region)
    before, after = (render(p, grid, pet=False, mr=False) for p in (healthy, ill))
    assert not before.labels.of(label).any()
    assert after.labels.of(label).any()
    told = truth(ill, after)
    assert told["organs"][label]["volume_ml"] > 0
    assert words.lower() in report(ill).lower()
    assert words.lower() not in report(healthy).lower()
    side = "left" if "left" in value else "right" if "right" in value else ""
    if side:
        x = grid.to_world(np.argwhere(after.labels.of(label)))[:, 0].mean()
        assert (x > 0) == (side == "left")


def test_a_large_heart_is_larger():
    grid = region_grid("chest")
    sizes = []
    for wish in ({}, {"cardiomegaly": "large"}):
        patient = make_patient(22, "chest", wish)
        sizes.append(render(patient, grid, pet=False, mr=False).labels.of("heart").sum())
    assert sizes[1] > 1.3 * sizes[0]
    assert "markedly enlarged" in report(make_patient(22, "chest", {"cardiomegaly": "large"}))


def test_the_truth_says_where_a_lesion_is():
    patient = make_patient(23, "abdomen", {"liver_lesion": "large"})
    spot = spots_of(patient)[0]
    centre = to_world(patient, spot.centre)
    phantom = render(patient, Grid((1, 1, 1), (1.0, 1.0, 1.0), centre), pet=False, mr=False)
    assert phantom.labels.of("liver_lesion").all()
    told = truth(patient, phantom)
    assert told["spots"][0]["centre_mm"] == pytest.approx(centre, abs=0.01)
    assert f"{2 * spot.radius_mm:.0f} mm" in report(patient)


def test_an_avid_tumour_is_hot_on_pet():
    patient = make_patient(24, "chest", {"tumour": "large-right"})
    phantom = render(patient, region_grid("chest"), mr=False)
    assert phantom.pet is not None
    hot = phantom.pet.array[phantom.labels.of("fdg_avid_tumor")].max()
    muscle = phantom.pet.array[phantom.labels.of("skeletal_muscle")].mean()
    assert hot > 4 * muscle


@pytest.mark.parametrize("region", ["chest", "abdomen", "head"])
def test_truth_is_json_and_the_report_has_its_parts(region):
    patient = make_patient(25, region)
    phantom = render(patient, region_grid(region).slab(10, 2))
    told = json.loads(json.dumps(truth(patient, phantom)))
    assert told["seed"] == 25
    assert told["habitus"]["fat_mm"] == patient.habitus.fat_mm
    assert "Findings: " in told["report"]
    assert "Impression: " in told["report"]
    assert {"volume_ml", "mean_hu", "mean_suv", "mean_t1"} <= set(told["organs"]["skin"])
