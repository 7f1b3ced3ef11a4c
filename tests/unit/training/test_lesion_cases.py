"""Labelled scans of one's own as MedDiff-FM learns from them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ctstudio.catalog.anatomy_vocabulary import BODY
from ctstudio.catalog.dataset import read_dataset
from ctstudio.core.errors import InputError
from ctstudio.core.labels import values_of
from ctstudio.systems.meddiff_fm.config import MeddiffConfig
from ctstudio.training.lesion_cases import case_volume, cases_with, make_cases
from ctstudio.training.regions import volumes_in
from tiny_dataset import CUBE_HU, write_dataset
from tiny_meddiff_recipe import tiny_meddiff_recipe

CONFIG = MeddiffConfig.model_validate(tiny_meddiff_recipe(network__spacing_mm="6.0").network)
LESION, LIVER = values_of(["lesion", "liver"])


def test_a_case_is_brought_onto_the_models_voxels_and_classes(tmp_path: Path) -> None:
    folder = write_dataset(tmp_path)
    case = read_dataset(folder).of("train")[0]
    found = case_volume(folder, case, "lesion", "abdomen", CONFIG)
    z, y, x = (round(extent / 6.0) for extent in reversed(case.grid.extent_mm))
    assert np.abs(np.subtract(found.ct_hu.shape, (z, y, x))).max() <= 1
    assert np.unique(found.lesion).tolist() == [0, LESION]
    assert np.unique(found.anatomy[found.lesion > 0]).tolist() == [LIVER]  # the nearest organ
    assert set(np.unique(found.anatomy)) <= {0, LIVER, BODY}
    assert found.ct_hu[found.lesion > 0].mean() > 0.7 * CUBE_HU
    assert int(found.region) == 2


def test_every_case_of_a_part_is_made_once(tmp_path: Path) -> None:
    folder, told = write_dataset(tmp_path / "data"), []
    for _ in range(2):
        make_cases("lesion", folder, "validation", "abdomen", CONFIG, tmp_path / "cache", lambda *n: told.append(n))
    assert told == [(1, 1), (1, 1)]
    assert len(volumes_in(tmp_path / "cache")) == 1


def test_a_data_set_without_the_lesion_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="lung_nodule"):
        cases_with("lung_nodule", write_dataset(tmp_path), "train")
