"""Students of MedSyn: what they learn, and that one is trained, exported, and sampled in its own steps."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from ctstudio.catalog.medsyn_recipe import MedsynDistilRecipe
from ctstudio.catalog.recipes import load_recipe
from ctstudio.catalog.shelf import check, find_model
from ctstudio.core.errors import ParameterError
from ctstudio.protocol.events import Finished, Stepped
from ctstudio.protocol.request import Request
from ctstudio.systems.medsyn.pipeline import generate
from ctstudio.systems.medsyn.sampling import sampled, times_of
from ctstudio.systems.medsyn.weights import load
from ctstudio.training.checks import check_run
from ctstudio.training.estimate import estimate
from ctstudio.training.launch import run_recipe
from ctstudio.training.stages.medsyn_student import MedsynStudentStage, stepped, student_times
from tiny_medsyn import write_tiny_medsyn

SMALL = {
    "data.coarse_patients": "2",
    "data.fine_patients": "2",
    "data.wordings": "1",
    "data.validation_patients": "1",
    "distil.teacher_steps": "8",
    "distil.upscale_teacher_steps": "4",
    "coarse.steps": "2",
    "coarse.batch": "2",
    "upscaler.steps": "2",
    "upscaler.batch": "2",
    "upscaler.crop": "[8, 8, 8]",
    "upscaler.slab": "4",
    "run.precision": "fp32",
    "run.validate_every": "2",
    "run.sample_every": "0",
}
TEXT = "Large left pleural effusion."


@pytest.fixture(scope="module")
def teacher(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_medsyn(tmp_path_factory.mktemp("models") / "teacher")


def _recipe(base: Path, **more: str) -> MedsynDistilRecipe:
    changes = {key.replace("__", "."): value for key, value in more.items()}
    recipe = load_recipe("distil/medsyn", {**SMALL, **changes, "base": f"'{base}'"})
    assert isinstance(recipe, MedsynDistilRecipe)
    return recipe


@pytest.fixture(scope="module")
def student(teacher: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return run_recipe(_recipe(teacher), tmp_path_factory.mktemp("runs") / "run")


def test_the_student_has_other_networks_and_the_teachers_text(student: Path, teacher: Path) -> None:
    model, taught = find_model(student), find_model(teacher)
    check(model)
    for file, same in (("text/model.safetensors", True), ("base/model.safetensors", False)):
        assert (model.info.files[file] == taught.info.files[file]) == same
    assert model.info.files["upscaler/model.safetensors"] != taught.info.files["upscaler/model.safetensors"]
    assert model.info.config["few_steps"] == pytest.approx(times_of("dpm++", 8)[::2])
    assert model.info.config["few_upscale_steps"] == pytest.approx(times_of("dpm++", 4)[::2])


def test_it_samples_in_its_own_steps_and_says_what_it_did_not_heed(student: Path) -> None:
    model = find_model(student)
    loaded = load(model.folder, model.info, torch.device("cpu"), torch.float32)
    told = {"text": TEXT, "steps": 30, "guidance": 3.0}
    events = list(generate(Request("r", "medsyn", "generate", "x", told, {}), loaded))
    assert max(e.total for e in events if isinstance(e, Stepped)) == 4 + 2
    last = events[-1]
    assert isinstance(last, Finished)
    sample = last.result.samples[0]
    assert sample.outputs["ct"].grid.shape == (16, 16, 16)
    used = sample.provenance.parameters
    assert (used["sampler"], used["steps"], used["upscale_steps"], used["guidance"]) == ("ddim", 4, 2, 1.0)
    assert any("distilled: it samples in its own 4 and 2 steps, not with the steps" in n for n in last.result.notes)
    *_, usual = generate(Request("r", "medsyn", "generate", "x", {"text": TEXT}, {}), loaded)
    assert isinstance(usual, Finished)
    assert not any("distilled" in note for note in usual.result.notes)
    np.testing.assert_array_equal(usual.result.samples[0].outputs["ct"].array, sample.outputs["ct"].array)


class _Posed:
    """A stage whose network is a function."""

    def __init__(self, module: torch.nn.Module) -> None:
        self.module = module

    def posed(self, batch: dict[str, Tensor]) -> tuple[Tensor, torch.nn.Module]:
        return batch["noise"], self.module


class _Teacher(torch.nn.Module):
    def forward(self, x_t: Tensor, t: Tensor) -> Tensor:
        return 0.6 * torch.sin(3 * x_t) * (1 - 0.5 * t.view(-1, 1, 1, 1, 1))


def test_the_target_lands_where_the_teachers_steps_land() -> None:
    """A student that says the targets goes from noise through one of its steps to the teacher's own place."""
    taught = _Posed(_Teacher())
    stage = MedsynStudentStage(taught, taught, 2, 8)  # type: ignore[arg-type]
    noise = torch.randn((2, 4, 2, 2, 2), generator=torch.Generator().manual_seed(1))
    times = torch.tensor([*times_of("dpm++", 8), 0.0])
    for jump in (0, 1):
        first = torch.full((2,), 4 * jump)
        target = stage._target({"noise": noise}, 0.4 * noise, first)
        x = 0.4 * noise
        for number in range(4 * jump, 4 * jump + 4):
            t, following = times[number].expand(2), times[number + 1].expand(2)
            x = stepped(x, taught.module(x, t), t, following)
        inside = target.abs() < 1
        landed = stepped(0.4 * noise, target, times[first], times[first + 4])
        assert inside.any()
        torch.testing.assert_close(landed[inside], x[inside], atol=1e-4, rtol=1e-3)


def test_a_step_is_the_samplers_own() -> None:
    network, noise = _Teacher(), torch.randn((1, 4, 2, 2, 2), generator=torch.Generator().manual_seed(2))
    few = student_times(2, 8)
    made = [done.x_t for done in sampled(lambda x, t: network(x, t / 1000), "ddim", 2, noise, few=few)]
    times, x = torch.tensor([*few, 0.0]), noise
    for number, found in enumerate(made):
        t, following = times[number : number + 1], times[number + 1 : number + 2]
        x = stepped(x, network(x, t).clamp(-1, 1), t, following)
        torch.testing.assert_close(found, x, atol=1e-4, rtol=1e-3)


def test_a_student_is_estimated(teacher: Path) -> None:
    told = estimate(_recipe(teacher))
    assert [stage.stage for stage in told.stages] == ["data", "coarse", "upscaler"]


def test_what_cannot_be_distilled_is_named_before_the_first_step(teacher: Path, student: Path, tmp_path: Path) -> None:
    for recipe, named in (
        (_recipe(teacher, distil__teacher_steps="9"), "cannot be shared"),
        (_recipe(student), "was distilled itself"),
        (_recipe(teacher, upscaler__slab="3"), "slab"),
    ):
        with pytest.raises(ParameterError, match=named):
            check_run(recipe, tmp_path / "run", resume=False)
