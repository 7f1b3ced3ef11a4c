"""All that can be wrong with a recipe of MedSyn and be named before its first step."""

from __future__ import annotations

from pydantic import ValidationError

from ctstudio.catalog.medsyn_recipe import MedsynRecipe
from ctstudio.core.errors import ParameterError
from ctstudio.systems.medsyn.config import MedsynConfig
from ctstudio.training.data import LAST_SEED


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
    most = max(recipe.data.coarse_patients, recipe.data.fine_patients, recipe.text.patients)
    if most > LAST_SEED:
        raise ParameterError(
            f"{most} phantoms reach those that models are judged on.",
            f"Set data.coarse_patients, data.fine_patients and text.patients to {LAST_SEED} or less.",
        )
    _check_parts(recipe, config)


def _check_parts(recipe: MedsynRecipe, config: MedsynConfig) -> None:
    """Parts of volumes end where coarse voxels end, and where the coarsest level's do."""
    side, (depth, height, width) = config.upscaler.side, recipe.upscaler.crop
    across = max(config.factor, config.upscaler.coarsest)
    edges = {"crop's depth": (depth, config.factor), "slab": (recipe.upscaler.slab, config.factor)}
    edges |= {"crop's height": (height, across), "crop's width": (width, across)}
    for name, (edge, step) in edges.items():
        if edge > side or edge % step:
            raise ParameterError(
                f"upscaler.{name} is {edge}; parts of a volume of {side} voxels end at multiples of {step}.",
                f"Choose a multiple of {step} up to {side}.",
            )
