"""A whole recipe at tiny size: every stage, and a model that the shelf accepts."""

from __future__ import annotations

import stat
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from ctstudio.catalog.recipe import TrainRecipe
from ctstudio.catalog.recipes import load_recipe
from ctstudio.catalog.shelf import check, find_model
from ctstudio.core.errors import ParameterError
from ctstudio.nets.weight_files import WEIGHTS
from ctstudio.protocol.training_run import RunFiles, RunInfo, StepLine, read_record, read_records
from ctstudio.systems.na_diff.weights import DENOISER, load, load_segmenter
from ctstudio.training.data import load_slices
from ctstudio.training.launch import plan_of, run_recipe
from ctstudio.training.na_diff_networks import config_of, trained_denoiser
from ctstudio.training.run import Run, Silent, new_accelerator
from tiny_recipe import CHANGES

RECIPE = load_recipe("demo/na-diff", CHANGES)
STAGES = tuple(plan_of(RECIPE))
WITHOUT_FIGURES = tuple(s for s in STAGES if s not in ("calibrate", "figures"))
"""Measuring takes longer than all else; the journey of a training does it."""

Reports = list[tuple[str, int, int, float]]


@pytest.fixture(scope="module")
def reports() -> Reports:
    return []


@pytest.fixture(scope="module")
def lines() -> list[str]:
    return []


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory, reports: Reports, lines: list[str]) -> Path:
    folder = tmp_path_factory.mktemp("training") / "run"
    run_recipe(RECIPE, folder, report=lambda *told: reports.append(told), say=lines.append, stages=WITHOUT_FIGURES)
    return folder


def _run(folder: Path) -> Run:
    assert isinstance(RECIPE, TrainRecipe)
    return Run(RECIPE, folder, new_accelerator("fp32", "cpu"), Silent())


def test_the_figures_come_last() -> None:
    assert STAGES[-3:] == ("export", "calibrate", "figures")


def test_every_stage_is_done_in_order_and_reported(done: Path, reports: Reports, lines: list[str]) -> None:
    assert lines == [f"stage {stage}" for stage in WITHOUT_FIGURES]
    for stage in ("vae", "clip", "segmenter", "layout", "denoiser"):
        mine = [report for report in reports if report[0] == stage]
        assert [(step, steps) for _, step, steps, _ in mine] == [(1, 2), (2, 2)]
        assert all(np.isfinite(loss) and loss > 0 for *_, loss in mine)
    assert [(step, steps) for stage, step, steps, _ in reports if stage == "data"][:2] == [(1, 2), (2, 2)]
    steps, _ = read_records(RunFiles(done).steps, StepLine)
    assert [(line.stage, line.step) for line in steps] == [(s, n) for s, n, _, loss in reports if loss]


def test_the_run_says_what_it_was(done: Path) -> None:
    told = read_record(RunFiles(done).info, RunInfo)
    assert told is not None
    assert (told.state, told.stages, told.device) == ("finished", STAGES, "cpu")
    assert told.settings["vae"]["steps"] == 2
    assert "2 procedural abdomens" in told.data


def test_the_model_is_accepted_by_the_shelf_and_loads(done: Path) -> None:
    folder = done / "model"
    model = find_model(folder)
    check(model)
    assert model.info.name == "tiny-trained"
    assert model.info.size == "demo"
    loaded = load(folder, model.info, torch.device("cpu"), torch.float32)
    assert loaded.config.clip_dim == 16
    assert load_segmenter(folder, loaded.config)(torch.zeros(1, 1, 32, 32)).shape[1] == len(loaded.groups.names) + 1


def test_others_may_read_the_model_as_they_may_read_any_file(done: Path, tmp_path: Path) -> None:
    (tmp_path / "any").touch()
    usual = stat.S_IMODE((tmp_path / "any").stat().st_mode)
    rights = {stat.S_IMODE(path.stat().st_mode) for path in (done / "model").rglob("*") if path.is_file()}
    assert rights == {usual}


def test_the_card_says_how_the_model_came_to_be_and_what_it_saw(done: Path) -> None:
    info = find_model(done / "model").info
    assert info.training is not None
    assert info.training.recipe == "demo/na-diff"
    assert info.training.steps == 2
    assert set(info.training.stages) == {"vae", "clip", "segmenter", "layout", "denoiser"}
    assert info.training.stages["denoiser"]["loss"] > 0
    assert "2 procedural abdomens" in info.trained_on
    assert "liver" in info.ranges.labels
    area = info.ranges.label_area_mm2
    seen = np.bincount(load_slices(done / "cache" / "slices", "train").labels.ravel(), minlength=256)
    assert {"body"} & set(info.ranges.labels)
    assert area
    assert all(0 < r.low <= r.high for r in area.values())
    assert info.ranges.body_area_cm2 is not None
    assert 100 < info.ranges.body_area_cm2.low < 1500
    assert seen[5] == 0 or "liver" in area


def test_latents_are_normalised_by_what_was_measured(done: Path) -> None:
    config = config_of(_run(done))
    assert len(config.latent_mean) == len(config.latent_std) == 4
    parts = [np.load(p) for p in sorted((done / "cache" / "latents" / "train").glob("*.npz"))]
    latents = np.concatenate([p["latents"] for p in parts]).astype(np.float32)
    assert latents.shape == (4, 2, 4, 64, 64)
    assert np.abs(latents.mean(axis=(0, 1, 3, 4))).max() < 0.2
    assert np.abs(latents.std(axis=(0, 1, 3, 4)) - 1).max() < 0.3
    info = find_model(done / "model").info
    assert info.config["latent_std"] == list(config.latent_std)


def test_what_is_exported_is_the_moving_average(done: Path) -> None:
    run = _run(done)
    average = run.store("denoiser").average()
    written = load_file(done / "model" / DENOISER / WEIGHTS)
    assert average
    for key, value in average.items():
        torch.testing.assert_close(written[key].float(), value, rtol=1e-3, atol=1e-6)
    own = trained_denoiser(run).state_dict()
    assert all(torch.equal(own[key], value) for key, value in average.items())


def test_the_slices_for_judging_are_not_those_for_training(done: Path) -> None:
    train, validation = (load_slices(done / "cache" / "slices", part) for part in ("train", "validation"))
    assert set(train.seed.tolist()) == {0, 1}
    assert min(validation.seed) >= 9_500


def test_a_folder_that_holds_a_run_is_not_overwritten(done: Path) -> None:
    before = (done / "run.json").read_bytes()
    with pytest.raises(ParameterError, match="already holds a training run"):
        run_recipe(RECIPE, done)
    assert (done / "run.json").read_bytes() == before


def test_going_on_with_a_finished_run_changes_no_weight(done: Path) -> None:
    before = find_model(done / "model").info.files
    stages: list[str] = []
    run_recipe(RECIPE, done, resume=True, report=lambda stage, *_: stages.append(stage), stages=WITHOUT_FIGURES)
    assert set(stages) == {"data", "latents"}
    assert find_model(done / "model").info.files == before


def test_an_unknown_stage_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ParameterError, match="magic"):
        run_recipe(RECIPE, tmp_path / "x", stages=("data", "magic"))
    assert not (tmp_path / "x").exists()
