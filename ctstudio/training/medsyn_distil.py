"""A student of a MedSyn model on the shelf, both of whose networks sample in a few steps."""

from __future__ import annotations

import copy
import shutil
from collections.abc import Callable

import torch

from ctstudio.catalog.medsyn_recipe import MedsynDistilRecipe
from ctstudio.catalog.model_card import FILE_NAME, Training
from ctstudio.catalog.shelf import file_digest
from ctstudio.nets.weight_files import save_weights
from ctstudio.systems.medsyn.config import MedsynConfig
from ctstudio.systems.medsyn.network import BaseNetwork, Upscaler
from ctstudio.systems.medsyn.weights import BASE, UPSCALER, MedsynModel, load
from ctstudio.training.chests import COARSE, FINE, FineChests, load_coarse
from ctstudio.training.data import in_words
from ctstudio.training.export import emptied, stage_record
from ctstudio.training.fine_tune import base_of
from ctstudio.training.medsyn import make_chests, reports_of
from ctstudio.training.medsyn_looks import chest_looker
from ctstudio.training.recorder import device_name
from ctstudio.training.run import Run, restored
from ctstudio.training.stages.medsyn_base import BaseStage
from ctstudio.training.stages.medsyn_student import MedsynStudentStage, student_times
from ctstudio.training.stages.medsyn_upscaler import UpscalerStage


def data(run: Run) -> None:
    """All chests, coarse and fine."""
    run.watcher.begin("data")
    make_chests(run, _recipe(run).data, _teacher_config(run))


def coarse(run: Run) -> None:
    """The base network's student, which begins as a copy of its teacher."""
    recipe, teacher = _recipe(run), _teacher(run)
    teacher.text.network.to(run.accelerator.device)
    student = copy.deepcopy(teacher.base).requires_grad_(True)

    def stage(network: BaseNetwork, part: str) -> BaseStage:
        chests = load_coarse(run.cache / COARSE / part)
        reports = reports_of(chests.seed.tolist(), recipe.data.wordings)
        return BaseStage(network, teacher.text, chests, reports, recipe.coarse)

    own, taught = stage(student, "train"), stage(teacher.base.to(run.accelerator.device), "train")
    steps = recipe.distil
    learning = MedsynStudentStage(own, taught, steps.student_steps, steps.teacher_steps, steps.guidance)
    run.train(COARSE, learning, recipe.coarse, chest_looker(stage(student, "validation"), recipe.run))


def upscaler(run: Run) -> None:
    """The upscaler's student."""
    recipe, teacher = _recipe(run), _teacher(run)
    config, steps = teacher.config, recipe.distil
    student = copy.deepcopy(teacher.upscaler).requires_grad_(True)

    def stage(network: Upscaler, part: str) -> UpscalerStage:
        chests = FineChests(run.cache / FINE / part)
        return UpscalerStage(network, chests, config.factor, config.lowering, recipe.upscaler)

    own, taught = stage(student, "train"), stage(teacher.upscaler.to(run.accelerator.device), "train")
    learning = MedsynStudentStage(own, taught, steps.upscale_student_steps, steps.upscale_teacher_steps)
    run.train(UPSCALER, learning, recipe.upscaler, chest_looker(stage(student, "validation"), recipe.run))


def export(run: Run, which: str = "last") -> None:
    """The student's folder: all parts of the teacher but the two networks."""
    run.watcher.begin("export")
    recipe, base, config, folder = _recipe(run), base_of(run), _student_config(run), emptied(run)
    shutil.copytree(base.folder, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns(FILE_NAME, BASE, UPSCALER))
    save_weights(restored(run, COARSE, BaseNetwork(config.base, config.text), which), folder / BASE)
    save_weights(restored(run, UPSCALER, Upscaler(config.upscaler), which), folder / UPSCALER)
    records = {name: stage_record(run, name) for name in (COARSE, UPSCALER)}
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    own = {part: lent for part, lent in base.info.borrows.items() if part not in (BASE, UPSCALER)}
    training = Training(
        recipe=recipe.name,
        steps=int(records[COARSE]["steps"]),
        seconds=round(sum(record["seconds"] for record in records.values()), 1),
        device=device_name(run.accelerator.device),
        stages={**records, "base": {"model": base.info.name, "files": dict(base.info.files)}},
    )
    changes = {
        "name": recipe.model_name,
        "title": recipe.title,
        "config": config.model_dump(mode="json"),
        "trained_on": f"{base.info.trained_on}; distilled on {in_words(recipe.data)}",
        "figures": {},
        "training": training,
        "files": {path.relative_to(folder).as_posix(): file_digest(path) for path in files},
        "borrows": own,
    }
    base.info.model_copy(update=changes).write(folder)


STAGES: dict[str, Callable[[Run], None]] = {"data": data, COARSE: coarse, UPSCALER: upscaler, "export": export}


def _recipe(run: Run) -> MedsynDistilRecipe:
    if not isinstance(run.recipe, MedsynDistilRecipe):
        raise TypeError(f"{run.recipe.name} does not distil MedSyn")
    return run.recipe


def _teacher_config(run: Run) -> MedsynConfig:
    return MedsynConfig.model_validate(base_of(run).info.config)


def _student_config(run: Run) -> MedsynConfig:
    steps = _recipe(run).distil
    own = {
        "few_steps": student_times(steps.student_steps, steps.teacher_steps),
        "few_upscale_steps": student_times(steps.upscale_student_steps, steps.upscale_teacher_steps),
    }
    return _teacher_config(run).model_copy(update=own)


def _teacher(run: Run) -> MedsynModel:
    model = base_of(run)
    return load(model.folder, model.info, torch.device("cpu"), torch.float32)
