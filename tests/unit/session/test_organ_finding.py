"""The organs of a scan come back on its own voxels, and painted lesions stay over them."""

from __future__ import annotations

import threading
from dataclasses import replace

import numpy as np
import pytest

import scripted_totalsegmentator
from ctstudio.core.errors import IntensityError, MaskError
from ctstudio.core.grid import Grid
from ctstudio.core.labels import LabelMap, standard_table, values_of
from ctstudio.core.volume import Volume
from ctstudio.session.organ_finding import joined, organs_of

GRID = Grid((6, 20, 24), (2.0, 2.5, 3.0), (-10.0, 5.0, 40.0))
LIVER, SPLEEN, LESION = values_of(["liver", "spleen", "liver_lesion"])


def scan(hu: float = 40.0) -> Volume:
    array = np.full(GRID.shape, -1000, np.int16)
    array[1:5, 4:16, 3:21] = hu
    return Volume(array, GRID, name="case")


def find(volume: Volume, folder) -> LabelMap:
    found = scripted_totalsegmentator.install(folder / "bin")
    return organs_of(volume, found, folder / "home", True, lambda _: None, threading.Event())


def test_organs_lie_on_the_scans_own_grid_in_the_standard_table(tmp_path) -> None:
    organs = find(scan(), tmp_path)
    assert organs.grid.matches(GRID)
    assert organs.table == standard_table()
    assert np.array_equal(organs.array > 0, scan().array > 0)
    assert (organs.array[2, 10, 5], organs.array[2, 10, 18]) == (LIVER, SPLEEN)


def test_a_synthetic_scan_has_synthetic_organs(tmp_path) -> None:
    assert find(replace(scan(), synthetic=True), tmp_path).synthetic


def test_what_is_no_ct_is_refused_before_anything_runs(tmp_path) -> None:
    with pytest.raises(IntensityError, match="SUV"):
        find(replace(scan(), unit="SUV"), tmp_path)
    holes = replace(scan(), array=np.where(scan().array > 0, np.nan, 0).astype(np.float32))
    with pytest.raises(IntensityError, match="NaN"):
        find(holes, tmp_path)
    assert not (tmp_path / "bin" / "TotalSegmentator.json").exists()


def test_a_scan_of_nothing_is_said(tmp_path) -> None:
    with pytest.raises(MaskError, match="No organ"):
        find(scan(hu=-1000), tmp_path)


def test_painted_lesions_stay_over_the_organs(tmp_path) -> None:
    painted = np.zeros(GRID.shape, np.uint8)
    painted[2, 8:10, 5:7] = LESION
    painted[3, 8:10, 5:7] = SPLEEN
    both = joined(find(scan(), tmp_path), LabelMap(painted, GRID, standard_table()))
    assert (both.labels.array[2, 8, 5], both.labels.array[3, 8, 5]) == (LESION, LIVER)
    assert both.notes == ("Kept from the mask: liver lesion.",)
