"""Rendering: the same bytes from the same seed, the same anatomy on any grid, organs on their sides."""

import numpy as np
import pytest

from ctstudio.core.errors import GeometryError
from ctstudio.core.grid import Grid
from ctstudio.phantom.grids import axial_grid, default_grid, organ_range_mm, region_grid
from ctstudio.phantom.patient import make_patient
from ctstudio.phantom.render import render

EXPECTED = {
    "chest": ["liver", "heart", "aorta", "trachea", "esophagus", "spinal_cord", "lung_upper_lobe_left",
              "lung_lower_lobe_left", "lung_upper_lobe_right", "lung_middle_lobe_right", "lung_lower_lobe_right",
              "vertebrae_T5", "rib_left_5", "rib_right_5", "sternum", "scapula_left", "skin", "subcutaneous_fat",
              "torso_fat", "skeletal_muscle", "lung_vessels", "bronchi", "superior_vena_cava", "autochthon_left"],
    "abdomen": ["liver", "spleen", "kidney_left", "kidney_right", "stomach", "pancreas", "gallbladder", "colon",
                "small_bowel", "duodenum", "aorta", "inferior_vena_cava", "portal_vein_and_splenic_vein",
                "urinary_bladder", "vertebrae_L2", "iliopsoas_left", "hip_left", "sacrum", "adrenal_gland_left",
                "lung_lower_lobe_right", "subcutaneous_fat", "skin", "femur_right", "gluteus_maximus_left"],
    "head": ["brain", "brain_ventricle", "skull", "skin", "skeletal_muscle", "spinal_cord", "vertebrae_C2", "trachea"],
}  # fmt: skip
SPAN_MM = {"chest": (78.0, 300.0), "abdomen": (-165.0, 420.0), "head": (0.0, 240.0)}


def coarse(region: str) -> Grid:
    middle, tall = SPAN_MM[region]
    count = int(tall / 5)
    return Grid((count, 60, 80), (5.0, 5.0, 5.0), (-197.5, -143.5, middle - 2.5 * count))


@pytest.mark.parametrize("region", ["chest", "abdomen", "head"])
def test_expected_labels_are_there_and_values_are_sane(region):
    phantom = render(make_patient(11, region, {}), coarse(region))
    names = {phantom.labels.table.by_value(v).name for v in phantom.labels.present()}
    assert set(EXPECTED[region]) <= names
    assert phantom.ct.array.dtype == np.int16
    assert phantom.ct.synthetic
    assert phantom.labels.synthetic
    assert phantom.pet is not None
    assert phantom.mr is not None
    assert phantom.pet.array.dtype == phantom.mr.array.dtype == np.float32
    assert phantom.pet.finite()
    assert phantom.mr.finite()
    assert phantom.pet.array.min() >= 0
    assert phantom.mr.array.min() >= 0


@pytest.mark.parametrize("region", ["chest", "abdomen", "head"])
def test_the_same_seed_gives_the_same_bytes_and_another_seed_does_not(region):
    grid = coarse(region).slab(20, 6)
    one, same, other = (render(make_patient(seed, region), grid) for seed in (4, 4, 5))
    assert one.ct.array.tobytes() == same.ct.array.tobytes()
    assert one.labels.array.tobytes() == same.labels.array.tobytes()
    assert np.mean(one.labels.array != other.labels.array) > 0.02


def test_organs_lie_on_their_sides():
    labels = render(make_patient(12, "abdomen", {}), coarse("abdomen"), pet=False, mr=False).labels
    x = {
        n: np.argwhere(labels.of(n))[:, 2].mean() for n in ("liver", "spleen", "stomach", "kidney_left", "kidney_right")
    }
    y = {n: np.argwhere(labels.of(n))[:, 1].mean() for n in ("vertebrae_L1", "aorta", "liver")}
    z = {n: np.argwhere(labels.of(n))[:, 0].mean() for n in ("liver", "urinary_bladder", "heart")}
    assert x["liver"] < x["spleen"]
    assert x["liver"] < x["stomach"]
    assert x["kidney_right"] < x["kidney_left"]
    assert y["liver"] < y["vertebrae_L1"]
    assert y["aorta"] < y["vertebrae_L1"]
    assert z["urinary_bladder"] < z["liver"] < z["heart"]


@pytest.mark.parametrize("region", ["chest", "head"])
def test_a_world_point_looks_the_same_on_any_grid(region):
    patient = make_patient(6, region)
    base = default_grid(patient, 24, 8.0)
    fine = Grid((24, 47, 47), (4.0, 4.0, 8.0), base.origin_mm)
    a, b = (render(patient, grid, pet=False, mr=False) for grid in (base, fine))
    same = a.labels.array == b.labels.array[:, ::2, ::2]
    assert same.mean() > 0.995
    apart = np.abs(a.ct.array.astype(int) - b.ct.array[:, ::2, ::2])
    assert np.percentile(apart, 99) <= 2


def test_an_oblique_grid_shows_the_same_anatomy():
    patient = make_patient(6, "abdomen", {})
    turn = np.deg2rad(20)
    direction = ((np.cos(turn), 0.0, np.sin(turn)), (0.0, 1.0, 0.0), (-np.sin(turn), 0.0, np.cos(turn)))
    grid = Grid((8, 20, 24), (9.0, 9.0, 9.0), (-100.0, -80.0, -120.0), direction)
    oblique = render(patient, grid, pet=False, mr=False).labels
    for index in np.argwhere(oblique.array > 0)[::97]:
        point = grid.to_world(index)
        alone = render(patient, Grid((1, 1, 1), (1.0, 1.0, 1.0), tuple(point)), pet=False, mr=False).labels
        assert alone.array[0, 0, 0] == oblique.array[tuple(index)]


def test_slabs_do_not_show():
    patient = make_patient(8, "chest")
    grid = axial_grid(patient, [60.0, 62.0, 64.0, 66.0], 96, 4.0)
    whole = render(patient, grid, pet=False, mr=False).ct.array
    single = render(patient, grid.slab(2, 1), pet=False, mr=False).ct.array
    assert np.abs(whole[2].astype(int) - single[0]).max() <= 1


@pytest.mark.parametrize("shape", [(1, 1, 2), (2, 1, 1), (1, 32, 32)])
def test_tiny_grids_work(shape):
    phantom = render(make_patient(9, "chest"), Grid(shape, (3.0, 3.0, 3.0), (-40.0, 0.0, 40.0)))
    assert phantom.ct.array.shape == shape
    assert phantom.labels.array.any()


def test_organ_range_holds_the_organ_and_nothing_outside():
    patient = make_patient(10, "abdomen", {})
    low, high = organ_range_mm(patient, "liver")
    assert 90 < high - low < 260
    inside = render(patient, axial_grid(patient, [0.5 * (low + high)], 64, 6.0), pet=False, mr=False)
    outside = render(patient, axial_grid(patient, [low - 20.0, high + 20.0], 64, 6.0), pet=False, mr=False)
    assert inside.labels.of("liver").sum() > 20
    assert not outside.labels.of("liver").any()


def test_tissues_have_their_density_and_are_not_flat():
    patient = make_patient(13, "abdomen", {})
    phantom = render(patient, axial_grid(patient, [-90.0, -70.0], 128, 3.0), pet=False, mr=False)
    liver = phantom.ct.array[phantom.labels.of("liver")]
    fat = phantom.ct.array[phantom.labels.of("subcutaneous_fat")]
    assert 35 < liver.mean() < 135
    assert 3 < liver.std() < 40
    assert -125 < np.median(fat) < -85


def test_an_effusion_is_the_same_on_a_grid_turned_by_next_to_nothing():
    patient = make_patient(4, "chest", {"effusion": "large-bilateral"})
    size, spacing, origin = (12, 60, 80), (5.0, 5.0, 5.0), (-197.5, -143.5, -20.0)
    a = 1e-7
    turned = ((1.0, 0.0, -a), (0.0, 1.0, a), (a, -a, 1.0))
    straight, tilted = (
        render(patient, grid, pet=False, mr=False).labels
        for grid in (Grid(size, spacing, origin), Grid(size, spacing, origin, turned))
    )
    assert straight.of("pleural_effusion").sum() > 500
    assert np.array_equal(straight.array, tilted.array)


@pytest.mark.parametrize("z_mm", [[], [0.0, 2.0, 5.0], [4.0, 2.0], [1.0, 1.0]])
def test_uneven_slices_are_refused(z_mm):
    with pytest.raises(GeometryError, match="make no grid"):
        axial_grid(make_patient(1, "chest"), z_mm)


def test_a_vessel_whose_end_rounds_out_of_its_box_is_drawn() -> None:
    patient = make_patient(2, "abdomen", {})
    phantom = render(patient, region_grid(patient, 3.0), pet=False, mr=False)
    assert phantom.labels.of("aorta").any()
