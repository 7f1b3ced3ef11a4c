"""MedDiff-FM from nothing: patients, the denoiser, a ControlNet for each kind of lesion, one stage after the other."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from ctstudio.catalog.meddiff_recipe import MeddiffRecipe
from ctstudio.systems.meddiff_fm.config import MeddiffConfig
from ctstudio.systems.meddiff_fm.network import Denoiser
from ctstudio.systems.meddiff_fm.weights import control_folder
from ctstudio.training.meddiff_control import PARTS, train_control
from ctstudio.training.meddiff_export import export_meddiff, meddiff_config, meddiff_recipe, restored_denoiser
from ctstudio.training.meddiff_figures import measure_meddiff
from ctstudio.training.meddiff_looks import region_looker
from ctstudio.training.meddiff_reader import train_region_reader
from ctstudio.training.regions import (
    FIRST_LESION_SEED,
    FIRST_VALIDATION_SEED,
    HEALTHY,
    make_healthy,
    make_lesions,
    volumes_in,
)
from ctstudio.training.run import Run
from ctstudio.training.stages.meddiff_denoiser import MeddiffDenoiserStage


def data(run: Run) -> None:
    """All patients, healthy and with lesions."""
    run.watcher.begin("data")
    wanted, config, told = meddiff_recipe(run).data, meddiff_config(run), run.watcher.progress
    held = range(FIRST_VALIDATION_SEED, FIRST_VALIDATION_SEED + wanted.validation_patients)
    lesions = range(FIRST_LESION_SEED, FIRST_LESION_SEED + wanted.lesion_patients)
    for part, healthy, ill in (("train", range(wanted.patients), lesions), ("validation", held, held)):
        folder = run.cache / part
        make_healthy(healthy, config.spacing_mm, folder, told)
        for kind in config.controls:
            make_lesions(kind, ill, config.spacing_mm, folder, told)


def denoiser(run: Run) -> None:
    """The denoiser."""
    recipe, config = meddiff_recipe(run), meddiff_config(run)
    network = Denoiser(config)
    stage, held = (
        MeddiffDenoiserStage(network, volumes_in(run.cache / part / HEALTHY), recipe.denoiser) for part in PARTS
    )
    run.train("denoiser", stage, recipe.denoiser, region_looker(held, recipe.run))


def control(run: Run, kind: str) -> None:
    """The ControlNet of a kind of lesion."""
    recipe = meddiff_recipe(run)
    if recipe.control is not None:
        train_control(run, kind, restored_denoiser(run), recipe.control)


def segmenter(run: Run) -> None:
    """The reader that measures."""
    recipe = meddiff_recipe(run)
    if recipe.segmenter is not None:
        train_region_reader(run, meddiff_config(run), recipe.segmenter)


def export(run: Run) -> None:
    """The model's folder."""
    run.watcher.begin("export")
    export_meddiff(run)


def figures(run: Run) -> None:
    """What the model reaches on phantoms it never saw."""
    run.watcher.begin("figures")
    wanted = meddiff_recipe(run).figures
    measure_meddiff(run, wanted.patients, wanted.steps)


def stages_of(recipe: MeddiffRecipe) -> dict[str, Callable[[Run], None]]:
    """The stages that a recipe needs, in order: a model may do without ControlNets or a reader."""
    kinds = MeddiffConfig.model_validate(recipe.network).controls
    return {
        "data": data,
        "denoiser": denoiser,
        **{control_folder(kind): partial(control, kind=kind) for kind in kinds},
        **({} if recipe.segmenter is None else {"segmenter": segmenter}),
        "export": export,
        "figures": figures,
    }
