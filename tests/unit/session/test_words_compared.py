"""Measures have names and units; two samples of one seed are laid over each other and their change is told."""

import numpy as np
import pytest

from ctstudio.core.errors import GeometryError
from ctstudio.core.grid import Grid
from ctstudio.core.labels import LabelMap, standard_table
from ctstudio.core.provenance import Provenance
from ctstudio.core.volume import Volume
from ctstudio.protocol.result import Sample
from ctstudio.session.measured import Measured, lung_volumes_ml, measures_of
from ctstudio.session.words_compared import changes_of, compare_words, span_of

TABLE = standard_table()
GRID = Grid((10, 20, 20), (5.0, 5.0, 10.0))
VOXEL_ML = 0.25


def labels(left_voxels=100, vessels=0):
    array = np.zeros(GRID.shape, np.uint8)
    flat = array.ravel()
    flat[:left_voxels] = TABLE.by_name("lung_upper_lobe_left").value
    flat[1000:1300] = TABLE.by_name("lung_lower_lobe_right").value
    flat[2000:2040] = TABLE.by_name("trachea").value
    flat[3000 : 3000 + vessels] = TABLE.by_name("lung_vessels").value
    return LabelMap(array, GRID, TABLE, synthetic=True)


def sample(hu=-800.0, grid=GRID, measures=None, structures=None):
    ct = Volume(np.full(grid.shape, hu, np.float32), grid, synthetic=True)
    outputs = {"ct": ct} | ({"labels": structures} if structures is not None else {})
    told = {"text": "There is a large effusion.", "impression": ""}
    return Sample(7, outputs, measures or {}, Provenance("medsyn", "generate", told, 7, "demo"))


def test_lung_volumes_are_counted_and_vessels_given_back_to_the_lungs():
    found = lung_volumes_ml(labels(100, vessels=80))
    assert found["left_lung_ml"] == pytest.approx((100 + 20) * VOXEL_ML)
    assert found["right_lung_ml"] == pytest.approx((300 + 60) * VOXEL_ML)
    assert found["airway_ml"] == pytest.approx(40 * VOXEL_ML)
    assert "lung_vessels_ml" not in lung_volumes_ml(labels())


def test_what_the_pipeline_measured_wins_over_counting():
    found = {m.name: m.value for m in measures_of(sample(measures={"left_lung_ml": 5.0}, structures=labels()))}
    assert found == {"left_lung_ml": 5.0, "right_lung_ml": 300 * VOXEL_ML, "airway_ml": 40 * VOXEL_ML}


@pytest.mark.parametrize(
    ("name", "value", "title", "words"),
    [
        ("left_effusion_ml", 1730.0, "Left effusion", "1.73 L"),
        ("left_effusion_ml", 0.0, "Left effusion", "0.00 mL"),
        ("ctr", 0.484, "Cardiothoracic ratio", "0.48"),
        ("laa_950_percent", 14.2, "LAA 950", "14.2 %"),
        ("body_fraction", 0.25, "Body", "25.0 %"),
        ("noise_sd_hu", 31.0, "Noise SD", "31.0 HU"),
    ],
)
def test_a_measure_is_told_by_name_with_its_unit(name, value, title, words):
    measured = Measured(name, value)
    assert (measured.title, measured.words) == (title, words)


def test_changes_come_in_one_unit_the_greatest_first():
    a = (Measured("left_lung_ml", 2900.0), Measured("ctr", 0.5))
    b = (Measured("left_lung_ml", 900.0), Measured("ctr", 0.5), Measured("left_effusion_ml", 300.0))
    effusion, lung, ratio = changes_of(a, b)
    assert (effusion.title, effusion.a, effusion.b, effusion.change) == ("Left effusion", "–", "300 mL", "")
    assert (lung.a, lung.b, lung.change) == ("2.90 L", "0.90 L", "−2.00 L")
    assert (ratio.change, ratio.share) == ("+0.00", 0.0)


def test_the_difference_is_b_minus_a_on_their_grid():
    compared = compare_words(sample(-800, structures=labels(100)), sample(-500, structures=labels(60)))
    assert compared.difference.array.dtype == np.float32
    assert np.all(compared.difference.array == 300)
    assert compared.difference.synthetic
    assert compared.span_hu == 300
    assert compared.changes[0].title == "Left lung"
    assert compared.changes[0].change == "−10.0 mL"


def test_other_grids_cannot_be_compared():
    with pytest.raises(GeometryError, match="laid over"):
        compare_words(sample(), sample(grid=Grid((10, 20, 20), (5.0, 5.0, 9.0))))


def test_the_colours_reach_as_far_as_the_change_and_no_single_voxel_matters():
    array = np.zeros((20, 40, 40), np.float32)
    assert span_of(array) == 100
    array[:, :20] = 420
    array[0, 0, 0] = 3000
    assert span_of(array) == 450
    assert span_of(array * 100) == 1000
