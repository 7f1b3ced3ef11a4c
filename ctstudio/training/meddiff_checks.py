"""All that can be wrong with a recipe of MedDiff-FM and be named before its first step."""

from __future__ import annotations

from pathlib import Path

from pydantic import ValidationError

from ctstudio.catalog.meddiff_recipe import LesionPhantoms, MeddiffLesionRecipe, MeddiffRecipe
from ctstudio.core.errors import ParameterError
from ctstudio.core.labels import values_of
from ctstudio.phantom.lesion_kinds import LESIONS
from ctstudio.systems.meddiff_fm.config import MeddiffConfig
from ctstudio.training.data import LAST_SEED
from ctstudio.training.fine_tune import base_of
from ctstudio.training.lesion_cases import cases_with
from ctstudio.training.meddiff_control import PARTS
from ctstudio.training.regions import FIRST_LESION_SEED
from ctstudio.training.run import Run, Silent


def check_meddiff(recipe: MeddiffRecipe | MeddiffLesionRecipe) -> None:
    """Name what is wrong; nothing is written.

    Raises:
        ParameterError: Networks that cannot be built, a lesion that phantoms do not have, or phantoms kept for judging.
    """
    if isinstance(recipe, MeddiffRecipe):
        _check_whole(recipe)
    else:
        check_lesion(recipe)


def _check_whole(recipe: MeddiffRecipe) -> None:
    try:
        config = MeddiffConfig.model_validate(recipe.network)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in ("network", *first["loc"]))
        raise ParameterError(f"{key} in the recipe: {first['msg']}.", "Correct the recipe or --set.") from error
    for kind in config.controls:
        check_kind(kind)
    if config.controls and recipe.control is None:
        raise ParameterError(
            "The recipe names lesions to learn, but not how.", "Add a section [control], or leave out network.controls."
        )
    if not sum(recipe.denoiser.ways):
        raise ParameterError("denoiser.ways are all 0.", "Give at least one of the three ways some odds.")
    check_seeds(recipe.data.patients, 0, "data.patients", FIRST_LESION_SEED)
    check_seeds(recipe.data.lesion_patients, FIRST_LESION_SEED, "data.lesion_patients", LAST_SEED)


def check_lesion(recipe: MeddiffLesionRecipe) -> None:
    """Name what is wrong with a recipe for a kind of lesion.

    Raises:
        ModelNotFound, DigestMismatch: Its base is not there, or is damaged.
        ParameterError: The base belongs to another system, or phantoms do not have the lesion.
        InputError: The data set cannot be read, or lacks cases with the lesion.
    """
    base_of(Run(recipe, Path(), None, Silent()))  # type: ignore[arg-type]
    if isinstance(recipe.data, LesionPhantoms):
        check_kind(recipe.lesion)
        check_seeds(recipe.data.patients, FIRST_LESION_SEED, "data.patients", LAST_SEED)
        return
    values_of([recipe.lesion])
    for part in PARTS:
        cases_with(recipe.lesion, Path(recipe.data.folder), part)


def check_kind(kind: str) -> None:
    """Refuse a lesion that phantoms do not have.

    Raises:
        ParameterError: They do not have it.
    """
    if kind not in LESIONS:
        raise ParameterError(
            f"Phantoms have no lesion called {kind!r}.",
            f"Choose among {', '.join(LESIONS)}, or learn it on a data set: fine-tune/meddiff-fm-lesion.",
        )


def check_seeds(count: int, first: int, key: str, end: int) -> None:
    """Refuse phantoms that are kept for something else.

    Raises:
        ParameterError: So many from `first` reach `end`.
    """
    if first + count > end:
        raise ParameterError(
            f"{count} phantoms from seed {first} reach those that are kept for other uses.",
            f"Set {key} to {end - first} or less.",
        )
