"""A whole run of MedSyn at tiny size: all stages, a model that generates, and what is refused before the first step."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch

from ctstudio.catalog.medsyn_recipe import MedsynRecipe
from ctstudio.catalog.recipes import load_recipe
from ctstudio.catalog.shelf import check, find_model
from ctstudio.core.errors import ParameterError
from ctstudio.protocol.events import Finished
from ctstudio.protocol.request import Request
from ctstudio.protocol.training_run import RunFiles, SampleLine, StepLine, ValidationLine, read_records
from ctstudio.systems.medsyn.config import PAPER, MedsynConfig
from ctstudio.systems.medsyn.network import BaseNetwork, Upscaler
from ctstudio.systems.medsyn.pipeline import generate
from ctstudio.systems.medsyn.weights import load
from ctstudio.training import medsyn_figures
from ctstudio.training.checks import check_run
from ctstudio.training.estimate import estimate
from ctstudio.training.launch import run_recipe
from ctstudio.training.medsyn_text import reading_figures, text_figures
from ctstudio.training.promote import promote
from tiny_medsyn_recipe import CHANGES, tiny_medsyn_recipe

RECIPE = tiny_medsyn_recipe()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "run"
    run_recipe(RECIPE, folder, stages=("data", "text", "coarse", "upscaler", "export"))
    return folder


def test_every_network_is_trained_and_validated(folder: Path) -> None:
    lines, _ = read_records(RunFiles(folder).steps, StepLine)
    assert [(line.stage, line.step) for line in lines] == [
        (s, n) for s in ("text", "coarse", "upscaler") for n in (1, 2)
    ]
    validations, _ = read_records(RunFiles(folder).validations, ValidationLine)
    assert {line.stage for line in validations} == {"text", "coarse", "upscaler"}


def test_samples_are_slices_of_chests(folder: Path) -> None:
    lines, _ = read_records(RunFiles(folder).samples, SampleLine)
    assert [(line.stage, line.step, line.number) for line in lines] == [("coarse", 2, 1), ("upscaler", 2, 1)]
    for line, side in zip(lines, (8, 16), strict=True):
        kept = np.load(folder / line.file)
        assert kept["array"].shape == (1, side, side)
        assert str(kept["unit"]) == "HU"
        assert -1024 <= kept["array"].min() <= kept["array"].max() <= 600


def test_the_model_is_whole_and_generates(folder: Path) -> None:
    model = find_model(folder / "model")
    check(model)
    assert model.info.system == "medsyn"
    assert "phantom-trained" in model.info.title
    loaded = load(model.folder, model.info, torch.device("cpu"), torch.float32)
    parameters = {"text": "Large left pleural effusion.", "steps": 2, "upscale_steps": 2}
    last = list(generate(Request("one", "medsyn", "generate", str(model.folder), parameters, {}), loaded))[-1]
    assert isinstance(last, Finished)
    assert last.result.samples[0].outputs["ct"].grid.shape == (16, 16, 16)


def test_what_the_texts_carry_is_measured(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        medsyn_figures, "reading_figures", partial(reading_figures, learn=range(30), judge=range(30, 40))
    )
    monkeypatch.setattr(medsyn_figures, "text_figures", partial(text_figures, seeds=range(10_000, 10_008)))
    run_recipe(RECIPE, folder, resume=True, stages=("figures",))
    figures = find_model(folder / "model").info.figures
    assert 0 <= figures["text"]["token_accuracy"] <= 1
    assert set(figures["reading"]) == {"held-out patients", "held-out phrases"}
    assert "questions" not in figures  # there is no reader


def test_a_checkpoint_is_promoted(folder: Path, tmp_path: Path) -> None:
    promoted = find_model(promote(folder, "chests-of-mine", tmp_path, "best"))
    check(promoted)
    assert promoted.info.figures["checkpoint"] == "best"
    assert promoted.info.figures["validation"]["step"] <= 2


def test_a_run_is_estimated() -> None:
    told = estimate(RECIPE)
    assert [stage.stage for stage in told.stages] == ["data", "text", "coarse", "upscaler"]
    assert told.seconds > 0
    assert told.disk_bytes > 0


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"upscaler__crop": "[8, 10, 8]"}, "crop's height"),
        ({"upscaler__crop": "[8, 8, 32]"}, "crop's width"),
        ({"upscaler__slab": "3"}, "slab"),
        ({"network__base": "{side = 10, dim = 8, dim_mults = [1, 2], patch = 2}"}, "network.base"),
        ({"network__base": "{side = 8, dim = 9}"}, "network.base"),
        ({"network__lowering": "'median'"}, "network.lowering"),
        ({"data__coarse_patients": "9001"}, "judged on"),
        ({"system": "na_diff"}, "na_diff"),
    ],
)
def test_what_cannot_be_trained_is_named_before_the_first_step(
    changes: dict[str, str], named: str, tmp_path: Path
) -> None:
    with pytest.raises(ParameterError, match=named):
        check_run(tiny_medsyn_recipe(**changes), tmp_path / "run", resume=False)
    assert not (tmp_path / "run").exists()


def test_the_papers_recipe_builds_the_papers_networks_and_trains_as_published(tmp_path: Path) -> None:
    recipe = load_recipe("paper/medsyn")
    assert isinstance(recipe, MedsynRecipe)
    check_run(recipe, tmp_path / "run", resume=False)
    config = MedsynConfig.model_validate(recipe.network)
    assert config == PAPER
    with torch.device("meta"):
        networks = BaseNetwork(config.base, config.text), Upscaler(config.upscaler)
    sizes = [sum(parameter.numel() for parameter in network.parameters()) for network in networks]
    assert sizes == [716_215_684, 54_307_908]
    assert (recipe.coarse.steps, recipe.coarse.batch, recipe.coarse.drop) == (40_000, 64, 0.1)
    assert (recipe.upscaler.steps, recipe.upscaler.batch, recipe.upscaler.noise_share) == (40_000, 32, 0.4)
    assert {recipe.coarse.learning_rate, recipe.upscaler.learning_rate} == {1e-4}
    assert recipe.text.steps * recipe.text.batch == pytest.approx(5 * 217_411, rel=0.01)
    assert recipe.text.patients * recipe.text.wordings == pytest.approx(217_411, rel=0.01)
    assert (recipe.text.masked, recipe.text.swapped) == (0.15, 0.5)


def test_the_papers_recipe_is_estimated_where_it_fits() -> None:
    """All of it but the sizes, which no test has the memory for."""
    small = {key: CHANGES[key] for key in ("network.base", "network.upscaler", "network.text", "upscaler.crop")}
    told = estimate(load_recipe("paper/medsyn", {**small, "data.fine_patients": "4", "run.precision": "fp32"}))
    assert [(stage.stage, stage.steps) for stage in told.stages][1:] == [
        ("text", 34_000), ("coarse", 40_000), ("upscaler", 40_000),
    ]  # fmt: skip
