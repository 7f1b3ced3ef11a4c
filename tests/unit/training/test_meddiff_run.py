"""Whole runs of MedDiff-FM at tiny size: a model from nothing, a lesion on top of it, and what is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from ctstudio.catalog.meddiff_recipe import MeddiffLesionRecipe
from ctstudio.catalog.recipes import load_recipe
from ctstudio.catalog.shelf import check, find_model
from ctstudio.core.errors import CtStudioError, ParameterError
from ctstudio.protocol.training_run import RunFiles, SampleLine, StepLine, ValidationLine, read_records
from ctstudio.systems.meddiff_fm.network import Denoiser
from ctstudio.systems.meddiff_fm.weights import load
from ctstudio.training.checks import check_run
from ctstudio.training.estimate import estimate
from ctstudio.training.launch import plan_of, run_recipe
from ctstudio.training.promote import promote
from tiny_meddiff_recipe import tiny_meddiff_recipe

RECIPE = tiny_meddiff_recipe(network__controls='["liver_lesion"]')
CONTROL = "control_liver_lesion"
LESION = {
    "control.steps": "2",
    "control.batch": "2",
    "data.patients": "2",
    "data.validation_patients": "1",
    "run.precision": "fp32",
    "run.validate_every": "2",
    "run.sample_every": "0",
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "run"
    run_recipe(RECIPE, folder, stages=("data", "denoiser", CONTROL, "export"))
    return folder


def _lesion_recipe(model: Path, **more: str) -> MeddiffLesionRecipe:
    changes = {**LESION, "base": str(model), **{key.replace("__", "."): value for key, value in more.items()}}
    recipe = load_recipe("fine-tune/meddiff-fm-lesion", changes)
    assert isinstance(recipe, MeddiffLesionRecipe)
    return recipe


def test_every_network_is_trained_validated_and_shown(folder: Path) -> None:
    lines, _ = read_records(RunFiles(folder).steps, StepLine)
    assert [(line.stage, line.step) for line in lines] == [(s, n) for s in ("denoiser", CONTROL) for n in (1, 2)]
    validations, _ = read_records(RunFiles(folder).validations, ValidationLine)
    assert {line.stage for line in validations} == {"denoiser", CONTROL}
    samples, _ = read_records(RunFiles(folder).samples, SampleLine)
    assert [(line.stage, line.step) for line in samples] == [("denoiser", 2), (CONTROL, 2)]
    kept = np.load(folder / samples[1].file)
    assert kept["array"].shape == (1, 8, 8)
    assert -120 <= kept["array"].min() <= kept["array"].max() <= 240  # the abdomen's window


def test_the_model_is_whole_and_steers_with_what_was_trained(folder: Path) -> None:
    model = find_model(folder / "model")
    check(model)
    loaded = load(model.folder, model.info, torch.device("cpu"), torch.float32)
    assert set(loaded.controls) == {"liver_lesion"}
    assert model.info.training is not None
    assert set(model.info.training.stages) == {"denoiser", CONTROL}
    mid = loaded.controls["liver_lesion"].net.controlnet_mid_block
    assert any(bool(weight.abs().max() > 0) for weight in mid.parameters())
    assert "phantom-trained" in model.info.title


def test_a_model_can_be_had_before_its_controls_are_trained(folder: Path, tmp_path: Path) -> None:
    recipe = tiny_meddiff_recipe(network__controls='["liver_lesion", "lung_nodule"]')
    assert [name for name in plan_of(recipe) if name.startswith("control")] == [CONTROL, "control_lung_nodule"]
    promoted = find_model(promote(folder, "bodies-of-mine", tmp_path, "best"))
    check(promoted)
    assert promoted.info.figures["checkpoint"] == "best"
    assert promoted.info.config["controls"] == ["liver_lesion"]


def test_a_lesion_is_learned_on_top_of_a_model_that_stays(folder: Path, tmp_path: Path) -> None:
    recipe = _lesion_recipe(folder / "model")
    run_recipe(recipe, tmp_path / "run", stages=("data", "control_kidney_lesion", "export"))
    model, base = find_model(tmp_path / "run" / "model"), find_model(folder / "model")
    check(model)
    first, second = (load(m.folder, m.info, torch.device("cpu"), torch.float32) for m in (base, model))
    assert set(second.controls) == {"liver_lesion", "kidney_lesion"}
    assert _same(first.denoiser, second.denoiser)
    assert model.info.trained_on.startswith(base.info.trained_on)


def test_a_run_is_estimated() -> None:
    told = estimate(RECIPE)
    assert [stage.stage for stage in told.stages] == ["data", "denoiser", CONTROL]
    assert told.seconds > 0
    assert told.disk_bytes > 0


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"network__patch": "9"}, "patch 9"),
        ({"network__channels": "[8]"}, "network"),
        ({"network__controls": '["toe_nail"]'}, "toe_nail"),
        ({"denoiser__ways": "[0, 0, 0]"}, "ways"),
        ({"data__patients": "4501"}, "data.patients"),
        ({"denoiser__batch": "3", "denoiser__accumulate": "2"}, "denoiser.batch"),
        ({"system": "na_diff"}, "meddiff_fm"),
    ],
)
def test_what_cannot_be_trained_is_named_before_the_first_step(
    changes: dict[str, str], named: str, tmp_path: Path
) -> None:
    with pytest.raises(ParameterError) as told:
        check_run(tiny_meddiff_recipe(**changes), tmp_path / "run", resume=False)
    assert named in f"{told.value.message} {told.value.remedy}"
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"lesion": "toe_nail"}, "toe_nail"),
        ({"data": '{source = "dataset", folder = "nowhere"}'}, "nowhere"),
        ({"base": "no-such-model"}, "no-such-model"),
    ],
)
def test_a_lesion_that_cannot_be_learned_is_named(
    folder: Path, changes: dict[str, str], named: str, tmp_path: Path
) -> None:
    with pytest.raises(CtStudioError, match=named):
        check_run(_lesion_recipe(folder / "model", **changes), tmp_path / "run", resume=False)


def _same(first: Denoiser, second: Denoiser) -> bool:
    theirs = second.state_dict()
    return all(torch.equal(value, theirs[key]) for key, value in first.state_dict().items())
