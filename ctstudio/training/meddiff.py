"""MedDiff-FM from nothing: patients, the denoiser, a ControlNet for each kind of lesion, one stage after the other."""

from __future__ import annotations

from collections.abc import Callable

from ctstudio.catalog.meddiff_recipe import MeddiffRecipe
from ctstudio.core.errors import ParameterError
from ctstudio.systems.meddiff_fm.config import MeddiffConfig
from ctstudio.systems.meddiff_fm.network import Denoiser
from ctstudio.training.meddiff_looks import region_looker
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

PARTS = ("train", "validation")


def meddiff_recipe(run: Run) -> MeddiffRecipe:
    """The run's recipe as one of MedDiff-FM.

    Raises:
        ParameterError: It is one of another system.
    """
    if not isinstance(run.recipe, MeddiffRecipe):
        raise ParameterError(
            f"The recipe {run.recipe.name} is not one of MedDiff-FM.", "Choose one: ctstudio train --list."
        )
    return run.recipe


def meddiff_config(run: Run) -> MeddiffConfig:
    """The sizes that a run's recipe asks for."""
    return MeddiffConfig.model_validate(meddiff_recipe(run).network)


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


def stages_of(recipe: MeddiffRecipe) -> dict[str, Callable[[Run], None]]:
    """The stages of a recipe, in order."""
    return {"data": data, "denoiser": denoiser}
