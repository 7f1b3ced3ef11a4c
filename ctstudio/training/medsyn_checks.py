"""All that can be wrong with a recipe of MedSyn and be named before its first step."""

from __future__ import annotations

from typing import Any

from pydantic import ValidationError

from ctstudio.catalog.medsyn_recipe import MedsynDistilRecipe, MedsynRecipe, UpscalerSettings
from ctstudio.core.errors import ParameterError
from ctstudio.systems.medsyn.config import MedsynConfig
from ctstudio.training.data import LAST_SEED
from ctstudio.training.stages.medsyn_student import student_times


def check_medsyn(recipe: MedsynRecipe) -> None:
    """Name what is wrong; nothing is written.

    Raises:
        ParameterError: Networks that cannot be built, parts that do not fit them, or phantoms kept for judging.
    """
    try:
        config = MedsynConfig.model_validate(recipe.network)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in ("network", *first["loc"]))
        raise ParameterError(f"{key} in the recipe: {first['msg']}.", "Correct the recipe or --set.") from error
    _check_seeds(max(recipe.data.coarse_patients, recipe.data.fine_patients, recipe.text.patients))
    _check_parts(recipe.upscaler, config)


def check_medsyn_student(recipe: MedsynDistilRecipe, teacher: dict[str, Any]) -> None:
    """The same for a student, whose networks are those of its teacher.

    Raises:
        ParameterError: As `check_medsyn`; or steps that cannot be shared, or a teacher that is a student itself.
    """
    config, distil = MedsynConfig.model_validate(teacher), recipe.distil
    if config.few_steps:
        raise ParameterError(f"{recipe.base} was distilled itself.", "Name the model that it was distilled from.")
    student_times(distil.student_steps, distil.teacher_steps)
    student_times(distil.upscale_student_steps, distil.upscale_teacher_steps)
    _check_seeds(max(recipe.data.coarse_patients, recipe.data.fine_patients))
    _check_parts(recipe.upscaler, config)


def _check_seeds(most: int) -> None:
    if most > LAST_SEED:
        raise ParameterError(
            f"{most} phantoms reach those that models are judged on.",
            f"Set data.coarse_patients, data.fine_patients and text.patients to {LAST_SEED} or less.",
        )


def _check_parts(upscaler: UpscalerSettings, config: MedsynConfig) -> None:
    """Parts of volumes end where coarse voxels end, and where the coarsest level's do."""
    side, (depth, height, width) = config.upscaler.side, upscaler.crop
    across = max(config.factor, config.upscaler.coarsest)
    edges = {"crop's depth": (depth, config.factor), "slab": (upscaler.slab, config.factor)}
    edges |= {"crop's height": (height, across), "crop's width": (width, across)}
    for name, (edge, step) in edges.items():
        if edge > side or edge % step:
            raise ParameterError(
                f"upscaler.{name} is {edge}; parts of a volume of {side} voxels end at multiples of {step}.",
                f"Choose a multiple of {step} up to {side}.",
            )
