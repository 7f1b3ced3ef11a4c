"""Patients as MedDiff-FM learns from them: healthy or with one kind of lesion, in the model's classes, made once."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ctstudio.catalog.anatomy_vocabulary import BODY, to_model
from ctstudio.catalog.meddiff_regions import REGIONS
from ctstudio.core.labels import LUNG_LOBES, values_of
from ctstudio.phantom.grids import region_grid
from ctstudio.phantom.patient import Region, make_patient
from ctstudio.phantom.render import render
from ctstudio.training.regions import (
    HEALTHY,
    LESIONS,
    make_healthy,
    make_lesions,
    region_volume,
    volumes_in,
)

SPACING_MM = 12.0
ORGANS: dict[Region, tuple[str, ...]] = {
    "head": ("brain", "skull"),
    "chest": ("heart", "aorta", "lung_upper_lobe_left", "lung_lower_lobe_right"),
    "abdomen": ("liver", "spleen", "kidney_left", "kidney_right", "stomach", "small_bowel", "colon"),
}


@pytest.mark.parametrize("region", REGIONS)
def test_a_healthy_patient_is_the_phantom_in_the_models_classes(region: Region) -> None:
    found = region_volume(3, region, SPACING_MM)
    patient = make_patient(3, region, {})
    phantom = render(patient, region_grid(patient, SPACING_MM), pet=False, mr=False)
    assert np.array_equal(found.ct_hu, phantom.ct.array)
    assert np.array_equal(found.anatomy, to_model(phantom.labels).array)
    assert found.anatomy.max() == BODY
    assert not found.lesion.any()
    assert REGIONS[int(found.region)] == region


@pytest.mark.parametrize("region", REGIONS)
@pytest.mark.parametrize("seed", [1, 17, 9_501])
def test_the_volume_holds_the_regions_organs(region: Region, seed: int) -> None:
    anatomy = region_volume(seed, region, SPACING_MM).anatomy
    assert set(values_of(ORGANS[region])) <= set(np.unique(anatomy).tolist())
    outermost = np.concatenate([anatomy[:, 0].ravel(), anatomy[:, -1].ravel()])
    assert np.mean(outermost == 0) > 0.99  # the body ends before the volume does, front and back


@pytest.mark.parametrize(("kind", "organ"), [("liver_lesion", "liver"), ("lung_nodule", "lung")])
def test_a_lesion_has_the_class_of_its_organ(kind: str, organ: str) -> None:
    found = region_volume(4_502, LESIONS[kind].region, 6.0, kind)
    healthy = region_volume(4_502, LESIONS[kind].region, 6.0)
    names = [name for name in ("liver", *LUNG_LOBES) if name.startswith(organ)]
    assert np.unique(found.lesion).tolist() == [0, *values_of([kind])]
    assert np.isin(found.anatomy[found.lesion > 0], values_of(names)).all()
    far = found.ct_hu[found.lesion == 0] - healthy.ct_hu[found.lesion == 0]
    assert np.mean(far == 0) > 0.99  # nothing else is wrong with the patient
    assert np.abs(found.ct_hu - healthy.ct_hu)[found.lesion > 0].mean() > 10


def test_what_is_there_is_not_made_again(tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    make_healthy(range(1), SPACING_MM, tmp_path, lambda done, total: told.append((done, total)))
    files = sorted((tmp_path / HEALTHY).iterdir())
    before = [path.stat().st_mtime_ns for path in files]
    make_healthy(range(2), SPACING_MM, tmp_path, lambda done, total: None)
    assert [path.stat().st_mtime_ns for path in files] == before
    assert told == [(1, 3), (2, 3), (3, 3)]
    make_lesions("lung_nodule", range(4_500, 4_501), SPACING_MM, tmp_path, lambda done, total: None)
    volumes = volumes_in(tmp_path / HEALTHY, tmp_path / "lung_nodule")
    assert sorted(int(volume.region) for volume in volumes) == [0, 0, 1, 1, 1, 2, 2]
