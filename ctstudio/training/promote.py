"""A run's checkpoint becomes a model on the shelf, while the run goes on or after it."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from ctstudio.catalog.meddiff_recipe import MeddiffLesionRecipe, MeddiffRecipe
from ctstudio.catalog.medsyn_recipe import MedsynDistilRecipe, MedsynRecipe
from ctstudio.catalog.new_model import free_place, new_model_folder
from ctstudio.catalog.recipe import DistilRecipe, FineTuneRecipe, Recipe
from ctstudio.catalog.recipes import recipe_from
from ctstudio.catalog.shelf import find_model
from ctstudio.core.errors import InputError
from ctstudio.protocol.training_run import RunFiles, RunInfo, ValidationLine, read_record, read_records
from ctstudio.systems.meddiff_fm.weights import control_folder
from ctstudio.training import distil, export, fine_tune, meddiff_lesion, medsyn_distil
from ctstudio.training.meddiff_export import export_meddiff
from ctstudio.training.medsyn_export import export_medsyn
from ctstudio.training.run import Run, Silent, new_accelerator


def promote(folder: Path, name: str, shelf: Path, which: str = "best") -> Path:
    """Write a checkpoint of a run as a model of its own and return its folder.

    The measured figures of a finished run go with its last checkpoint; any other carries the run's last
    validation up to its step.

    Args:
        folder: The run.
        name: Of the new model; also its folder's.
        shelf: Folder of models.
        which: "best" by validation, or "last".

    Raises:
        InputError: No run, a name that cannot be used or is taken.
        CtStudioError: The run has no checkpoint yet.
        StorageError: The shelf cannot be written.
    """
    free_place(shelf, name)
    info = read_record(RunFiles(folder).info, RunInfo)
    if info is None:
        raise InputError(f"{folder} holds no training run.", "Name the folder that was given to train --out.")
    recipe = recipe_from(info.settings)
    with new_model_folder(shelf, name) as partial:
        if which == "last" and info.state == "finished" and (folder / "model" / "model.json").exists():
            shutil.copytree(folder / "model", partial, dirs_exist_ok=True)
        else:
            _exported(recipe, folder, partial, which)
        card = find_model(partial).info
        card.model_copy(update={"name": name, "title": f"{card.title} · {name}"}).write(partial)
    return shelf / name


def _exported(recipe: Recipe, folder: Path, target: Path, which: str) -> None:
    """Export a checkpoint, with the validation figures of its step."""
    run = Run(recipe, folder, new_accelerator("fp32", "cpu"), Silent(), model_at=target)
    stage = "denoiser"
    if isinstance(recipe, MedsynRecipe):
        stage = "coarse"
        export_medsyn(run, which)
    elif isinstance(recipe, MedsynDistilRecipe):
        stage = "coarse"
        medsyn_distil.export(run, which)
    elif isinstance(recipe, MeddiffRecipe):
        export_meddiff(run, which)
    elif isinstance(recipe, MeddiffLesionRecipe):
        stage = control_folder(recipe.lesion)
        meddiff_lesion.export(run, which)
    elif isinstance(recipe, DistilRecipe):
        stage = "student"
        distil.export(run, which)
    elif isinstance(recipe, FineTuneRecipe):
        fine_tune.export(run, which)
    else:
        export.export_trained(run, which)
    card = find_model(target).info
    card.model_copy(update={"figures": _validated(run, stage, which)}).write(target)


def _validated(run: Run, stage: str, which: str) -> dict[str, Any]:
    """The last validation that the checkpoint has seen; it says its own step."""
    reached = run.store(stage).position().step
    lines, _ = read_records(RunFiles(run.folder).validations, ValidationLine)
    mine = [line for line in lines if line.stage == stage and (line.best if which == "best" else line.step <= reached)]
    if not mine:
        return {}
    return {"validation": {"step": mine[-1].step, **mine[-1].figures}, "checkpoint": which}
