"""A map of differences is coded once; threshold and sign choose among the codes, and findings say where to look."""

from __future__ import annotations

import numpy as np
import pytest

from ctstudio.core.grid import Grid
from ctstudio.core.labels import LabelMap, standard_table, values_of
from ctstudio.core.provenance import Provenance
from ctstudio.core.volume import Volume
from ctstudio.protocol.result import Sample
from ctstudio.session.anomaly_reading import anomaly_map, with_findings

GRID = Grid((8, 20, 24), (2.0, 2.0, 2.0))
LIVER, LESION = values_of(["liver", "lesion"])


def sample(measures: dict[str, float] | None = None, **told) -> Sample:
    array = np.zeros(GRID.shape, np.float32)
    array[1:7, 4:16, 4:20] = np.random.default_rng(2).normal(0, 4, (6, 12, 16))
    array[3, 8:11, 6:9] = -80
    array[3, 9, 7] = -95
    array[5, 8:10, 14:16] = 60
    provenance = Provenance("meddiff_fm", "detect", {"sign": "both", **told}, 1, "demo")
    return Sample(1, {"anomaly": Volume(array, GRID)}, measures or {}, provenance)


def test_codes_keep_sign_and_size() -> None:
    shown = anomaly_map(sample({"threshold_hu": 30.0}))
    assert shown is not None
    assert shown.threshold_hu == 30.0
    assert shown.codes[0, 0, 0] == 128
    told = (shown.codes[3, 8, 6].astype(float) - 128) * shown.step_hu
    assert told == pytest.approx(-80, abs=shown.step_hu)
    assert shown.codes[5, 8, 14] > 128


def test_findings_follow_the_threshold_and_lead_to_their_strongest_voxel() -> None:
    shown = anomaly_map(sample())
    assert shown is not None
    dark, bright = shown.found(30.0)
    assert (dark.peak_hu, bright.peak_hu) == (-95.0, 60.0)
    assert shown.place_of(dark) == (3, 9, 7)
    assert [one.peak_hu for one in shown.found(70.0)] == [-95.0]
    assert len(anomaly_map(sample(sign="brighter")).found(30.0)) == 1
    assert anomaly_map(sample(smallest_ml=1.0)).found(30.0) == ()


def test_findings_go_into_a_mask_as_lesions_over_its_organs() -> None:
    shown = anomaly_map(sample())
    organs = np.zeros(GRID.shape, np.uint8)
    organs[1:7, 4:16, 4:20] = LIVER
    array = with_findings(shown, 30.0, LabelMap(organs, GRID, standard_table()))
    assert (array[3, 9, 7], array[5, 8, 14], array[2, 10, 10], array[0, 0, 0]) == (LESION, LESION, LIVER, 0)
    assert np.count_nonzero(array == LESION) == 9 + 4


def test_a_map_of_nothing_has_no_findings() -> None:
    empty = Sample(1, {"anomaly": Volume(np.zeros(GRID.shape, np.float32), GRID)}, {}, sample().provenance)
    shown = anomaly_map(empty)
    assert shown.found(1.0) == ()
    assert not shown.labels(1.0).any()


def test_a_threshold_is_found_when_nobody_tells_one() -> None:
    assert 4 < anomaly_map(sample()).threshold_hu < 96


def test_other_samples_have_no_map() -> None:
    plain = Sample(1, {"ct": Volume(np.zeros(GRID.shape, np.int16), GRID)}, {}, Provenance("a", "b", {}, 1, "m"))
    assert anomaly_map(plain) is None
