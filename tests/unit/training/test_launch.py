"""A whole recipe at tiny size: every stage, and a model that the shelf accepts."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from ctstudio.catalog.shelf import check, find_model
from ctstudio.core.errors import ParameterError
from ctstudio.systems.na_diff.weights import DENOISER, WEIGHTS, load, load_segmenter
from ctstudio.training.launch import STAGES, run_recipe
from ctstudio.training.loop import Progress
from ctstudio.training.recipe import load_recipe
from ctstudio.training.run import Run, trained_denoiser
from tiny_recipe import CHANGES

RECIPE = load_recipe("demo/na-diff", CHANGES)
WITHOUT_FIGURES = tuple(s for s in STAGES if s not in ("calibrate", "figures"))
"""Measuring takes longer than all else; the journey of a training does it."""


@pytest.fixture(scope="module")
def reports() -> list[Progress]:
    return []


@pytest.fixture(scope="module")
def lines() -> list[str]:
    return []


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory, reports: list[Progress], lines: list[str]) -> Run:
    run = Run(RECIPE, tmp_path_factory.mktemp("training") / "run", reports.append, lines.append)
    run_recipe(run, stages=WITHOUT_FIGURES)
    return run


def test_the_figures_come_last() -> None:
    assert STAGES[-3:] == ("export", "calibrate", "figures")


def test_every_stage_is_done_in_order_and_reported(done: Run, reports: list[Progress], lines: list[str]) -> None:
    assert lines == [f"stage {stage}" for stage in WITHOUT_FIGURES]
    for stage in ("data", "vae", "clip", "segmenter", "layout", "denoiser"):
        mine = [report for report in reports if report.stage == stage]
        assert [(r.step, r.steps) for r in mine] == [(1, 2), (2, 2)]
        assert all(np.isfinite(r.loss) for r in mine)


def test_the_model_is_accepted_by_the_shelf_and_loads(done: Run) -> None:
    folder = done.folder / "model"
    model = find_model(folder)
    check(model)
    assert model.info.name == "tiny-trained"
    assert model.info.size == "demo"
    loaded = load(folder, model.info, torch.device("cpu"), torch.float32)
    assert loaded.config.clip_dim == 16
    assert load_segmenter(folder, loaded.config)(torch.zeros(1, 1, 32, 32)).shape[1] == len(loaded.groups.names) + 1


def test_the_card_says_how_the_model_came_to_be_and_what_it_saw(done: Run) -> None:
    info = find_model(done.folder / "model").info
    assert info.training is not None
    assert info.training.recipe == "demo/na-diff"
    assert info.training.steps == 2
    assert set(info.training.stages) == {"vae", "clip", "segmenter", "layout", "denoiser"}
    assert "2 procedural abdomens" in info.trained_on
    assert "liver" in info.ranges.labels
    area, seen = info.ranges.label_area_mm2, np.bincount(done.slices().labels.ravel(), minlength=256)
    assert {"body"} & set(info.ranges.labels)
    assert area
    assert all(0 < r.low <= r.high for r in area.values())
    assert info.ranges.body_area_cm2 is not None
    assert 100 < info.ranges.body_area_cm2.low < 1500
    assert seen[5] == 0 or "liver" in area


def test_latents_are_normalised_by_what_was_measured(done: Run) -> None:
    config = done.config
    assert len(config.latent_mean) == len(config.latent_std) == 4
    parts = [np.load(p) for p in sorted((done.folder / "cache").glob("latents_*.npz"))]
    latents = np.concatenate([p["latents"] for p in parts]).astype(np.float32)
    assert latents.shape == (4, 2, 4, 64, 64)
    assert np.abs(latents.mean(axis=(0, 1, 3, 4))).max() < 0.2
    assert np.abs(latents.std(axis=(0, 1, 3, 4)) - 1).max() < 0.3
    info = find_model(done.folder / "model").info
    assert info.config["latent_std"] == list(config.latent_std)


def test_what_is_exported_is_the_moving_average(done: Run) -> None:
    average = torch.load(done.checkpoint("denoiser"), weights_only=True)["average"]
    written = load_file(done.folder / "model" / DENOISER / WEIGHTS)
    for key, value in average.items():
        torch.testing.assert_close(written[key].float(), value, rtol=1e-3, atol=1e-6)
    own = trained_denoiser(done).state_dict()
    assert all(torch.equal(own[key], value) for key, value in average.items())


def test_a_folder_that_holds_a_run_is_not_overwritten(done: Run) -> None:
    with pytest.raises(ParameterError, match="already holds a training run"):
        run_recipe(Run(RECIPE, done.folder))


def test_going_on_with_a_finished_run_changes_no_weight(done: Run) -> None:
    before = find_model(done.folder / "model").info.files
    reports: list[Progress] = []
    run_recipe(Run(RECIPE, done.folder, reports.append), resume=True, stages=WITHOUT_FIGURES)
    assert {report.stage for report in reports} == {"data", "latents"}
    assert find_model(done.folder / "model").info.files == before


def test_an_unknown_stage_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ParameterError, match="magic"):
        run_recipe(Run(RECIPE, tmp_path / "x"), stages=("data", "magic"))
    assert not (tmp_path / "x").exists()
