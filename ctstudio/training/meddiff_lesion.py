"""A kind of lesion learned on top of a MedDiff-FM model of the shelf: a ControlNet, while the model stays as it is."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import torch

from ctstudio.catalog.meddiff_recipe import LesionCases, MeddiffLesionRecipe
from ctstudio.catalog.model_card import ModelInfo, Training
from ctstudio.catalog.shelf import file_digest
from ctstudio.core.errors import ParameterError
from ctstudio.nets.weight_files import save_weights
from ctstudio.phantom.lesion_kinds import LESIONS
from ctstudio.systems.meddiff_fm.config import MeddiffConfig
from ctstudio.systems.meddiff_fm.reading import READER, has_reader
from ctstudio.systems.meddiff_fm.weights import DENOISER, MeddiffModel, control_folder, load
from ctstudio.training.data import in_words
from ctstudio.training.export import emptied, shared, stage_record
from ctstudio.training.fine_tune import base_of
from ctstudio.training.lesion_cases import make_cases
from ctstudio.training.meddiff_control import PARTS, train_control
from ctstudio.training.meddiff_export import restored_control
from ctstudio.training.meddiff_figures import measure_meddiff
from ctstudio.training.recorder import device_name
from ctstudio.training.regions import FIRST_LESION_SEED, FIRST_VALIDATION_SEED, make_lesions
from ctstudio.training.run import Run


def lesion_recipe(run: Run) -> MeddiffLesionRecipe:
    """The run's recipe as one for a kind of lesion.

    Raises:
        ParameterError: It is another.
    """
    if not isinstance(run.recipe, MeddiffLesionRecipe):
        raise ParameterError(
            f"The recipe {run.recipe.name} does not learn a lesion.", "Choose fine-tune/meddiff-fm-lesion."
        )
    return run.recipe


def data(run: Run) -> None:
    """All patients who have the lesion, in the base model's voxels."""
    run.watcher.begin("data")
    recipe, told = lesion_recipe(run), run.watcher.progress
    config = MeddiffConfig.model_validate(base_of(run).info.config)
    for part in PARTS:
        folder = run.cache / part
        if isinstance(recipe.data, LesionCases):
            usual = LESIONS[recipe.lesion].region if recipe.lesion in LESIONS else "auto"
            region = recipe.data.region or usual
            source = Path(recipe.data.folder)
            make_cases(recipe.lesion, source, part, region, config, folder / recipe.lesion, told)
            continue
        count, first = recipe.data.patients, FIRST_LESION_SEED
        if part == "validation":
            count, first = recipe.data.validation_patients, FIRST_VALIDATION_SEED
        make_lesions(recipe.lesion, range(first, first + count), config.spacing_mm, folder, told)


def control(run: Run) -> None:
    """The ControlNet; one that the base has for this kind is trained further."""
    recipe, base = lesion_recipe(run), _loaded(run)
    train_control(run, recipe.lesion, base.denoiser, recipe.control, base.controls.get(recipe.lesion))


def export(run: Run, which: str = "last") -> None:
    """The model's folder: the new ControlNet, and all that the base has."""
    run.watcher.begin("export")
    recipe, base, folder = lesion_recipe(run), base_of(run), emptied(run)
    old = MeddiffConfig.model_validate(base.info.config)
    kept = [kind for kind in old.controls if kind != recipe.lesion]
    config = old.model_copy(update={"controls": (*kept, recipe.lesion)})
    stage = control_folder(recipe.lesion)
    save_weights(restored_control(run, recipe.lesion, config, which), folder / stage)
    parts = [DENOISER, *map(control_folder, kept), *([READER] if has_reader(base) else [])]
    borrows = shared(base, parts, folder)
    record = dict(stage_record(run, stage))
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    ModelInfo(
        name=recipe.model_name,
        title=recipe.title,
        system=recipe.system,
        size=base.info.size,
        config=config.model_dump(mode="json"),
        trained_on=f"{base.info.trained_on}; then {in_words(recipe.data)}: {recipe.lesion}",
        ranges=base.info.ranges,
        training=Training(
            recipe=recipe.name,
            steps=int(record["steps"]),
            seconds=float(record["seconds"]),
            device=device_name(run.accelerator.device),
            stages={stage: record, "base": {"model": base.info.name, "files": dict(base.info.files)}},
        ),
        licence=base.info.licence,
        files={path.relative_to(folder).as_posix(): file_digest(path) for path in files},
        borrows=borrows,
    ).write(folder)


def figures(run: Run) -> None:
    """How the lesions look that the model draws, on phantoms it never saw."""
    run.watcher.begin("figures")
    recipe = lesion_recipe(run)
    measure_meddiff(run, recipe.figures.patients, recipe.figures.steps, (recipe.lesion,))


def stages_of(recipe: MeddiffLesionRecipe) -> dict[str, Callable[[Run], None]]:
    """The stages, in order."""
    return {
        "data": data,
        control_folder(recipe.lesion): control,
        "export": export,
        "figures": figures,
    }


def _loaded(run: Run) -> MeddiffModel:
    """The base, loaded on the CPU in float32."""
    base = base_of(run)
    return load(base.folder, base.info, torch.device("cpu"), torch.float32)
