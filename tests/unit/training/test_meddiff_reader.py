"""The reader of whole bodies: what it learns to find, how it is kept, and what it measures of a finished model."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ctstudio.catalog.reader_settings import ReaderSettings
from ctstudio.catalog.recipe_parts import StageSettings
from ctstudio.catalog.shelf import check, find_model
from ctstudio.core.grid import Grid
from ctstudio.core.labels import values_of
from ctstudio.core.volume import Volume
from ctstudio.systems.meddiff_fm.config import MeddiffConfig
from ctstudio.systems.meddiff_fm.reading import READ, load_reader
from ctstudio.training import reader
from ctstudio.training.launch import run_recipe
from ctstudio.training.meddiff_reader import target_of
from ctstudio.training.regions import region_volume
from tiny_meddiff_recipe import tiny_meddiff_recipe

SETTINGS = ReaderSettings(steps=2, batch=1, learning_rate=1e-3, crop=32, features=(8, 8, 8, 8, 8, 8))
RECIPE = tiny_meddiff_recipe(network__controls='["liver_lesion"]').model_copy(update={"segmenter": SETTINGS})
CONFIG = MeddiffConfig.model_validate(RECIPE.network)


def test_targets_name_organs_and_the_lesion_in_one() -> None:
    volume = region_volume(4_502, "abdomen", 9.0, "liver_lesion")
    target = target_of(volume, CONFIG)
    liver = 1 + list(READ).index("liver")
    assert np.array_equal(target.regions == liver, volume.anatomy == values_of(["liver"])[0])
    assert np.array_equal(target.details == 1, volume.lesion > 0)
    assert (target.regions[target.details == 1] == liver).all()
    kidney = 1 + list(READ).index("kidney")
    assert np.array_equal(target.regions == kidney, np.isin(volume.anatomy, values_of(["kidney_left", "kidney_right"])))
    assert target.window == CONFIG.window("abdomen")


def test_a_run_ends_with_a_reader_and_what_it_measures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "LOOK_DRAWS", 2)
    monkeypatch.setattr(reader, "LOOK_SETTINGS", StageSettings(steps=3, batch=512, learning_rate=1e-3))
    run_recipe(RECIPE, tmp_path / "run")
    model = find_model(tmp_path / "run" / "model")
    check(model)
    assert model.info.training is not None
    assert set(model.info.training.stages) == {"denoiser", "control_liver_lesion", "segmenter", "look"}
    assert {"liver", "brain", "lung"} <= set(model.info.figures["organs"])
    lesion = model.info.figures["lesions"]["liver_lesion"]
    assert set(lesion) == {"phantoms", "made"}
    assert all(0 <= value <= 1 for value in lesion.values())
    found = load_reader(model)
    assert found.lesions == ("liver_lesion",)
    grid = Grid((7, 9, 11), (20.0, 22.0, 26.0))
    labels = found.read(Volume(np.zeros(grid.shape, np.int16), grid), "abdomen")
    assert labels.shape == grid.shape
    known = {0, *values_of(["liver_lesion"]), *(values[0] for values in READ.values())}
    assert set(np.unique(labels).tolist()) <= known
