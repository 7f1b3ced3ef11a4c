"""What would keep a training run from starting, found before the first step."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ctstudio.catalog.dataset import DatasetInfo, Kind, read_dataset
from ctstudio.catalog.recipe import OwnData, Recipe, StartedRecipe
from ctstudio.catalog.recipes import recipe_from
from ctstudio.catalog.shelf import Model
from ctstudio.core.errors import CtStudioError
from ctstudio.protocol.training_run import RunFiles

_NEEDS: dict[str, tuple[Kind, ...]] = {
    "na_diff": ("ct", "labels"),
    "medsyn": ("ct", "report"),
    "meddiff_fm": ("ct", "labels"),
    "petct": ("ct", "pet", "labels"),
    "med_dit": ("ct", "mr"),
}
_NAMES: dict[Kind, str] = {"ct": "CT", "labels": "labels", "pet": "PET", "mr": "MR", "report": "report"}


@dataclass(frozen=True)
class Problem:
    """What is wrong with a choice, and what to do."""

    text: str
    remedy: str = ""

    def __str__(self) -> str:
        return f"{self.text} {self.remedy}".strip()


def problems(settings: Mapping[str, Any], folder: Path | None, models: Iterable[Model]) -> tuple[Problem, ...]:
    """Everything that is wrong with a run's settings; reads files, so call it beside the window.

    Args:
        settings: The whole recipe as JSON values.
        folder: Where the run shall lie.
        models: The shelf.
    """
    try:
        recipe = recipe_from(dict(settings))
    except CtStudioError as error:
        return (Problem(error.message, error.remedy),)
    found = [*_base(recipe, tuple(models)), *_data(recipe), *_folder(folder)]
    if not recipe.title.strip():
        found.append(Problem("The run has no name.", "Give it one."))
    return tuple(found)


def _base(recipe: Recipe, models: tuple[Model, ...]) -> list[Problem]:
    if not isinstance(recipe, StartedRecipe):
        return []
    if not recipe.base:
        return [Problem("No model is chosen to start from.", "Choose one from the shelf.")]
    model = next((m for m in models if recipe.base in (m.info.name, str(m.folder))), None)
    if model is None:
        return [Problem(f"The model {recipe.base} is not on the shelf.", "Choose another, or import it.")]
    if model.info.system != recipe.system:
        what = f"{model.info.title} is a model of {model.info.system}; this recipe trains {recipe.system}."
        return [Problem(what, f"Choose a model of {recipe.system}.")]
    return []


def _data(recipe: Recipe) -> list[Problem]:
    if not isinstance(recipe.data, OwnData):
        return []
    if not recipe.data.folder:
        return [Problem("No data set is chosen.", "Choose a prepared one, or press Prepare data.")]
    try:
        info = read_dataset(Path(recipe.data.folder).expanduser())
    except CtStudioError as error:
        return [Problem(error.message, "Choose another, or press Prepare data.")]
    return _cases(info, _NEEDS.get(recipe.system, ()))


def _cases(info: DatasetInfo, needs: tuple[Kind, ...]) -> list[Problem]:
    usable = [case for case in info.cases if all(kind in case.files for kind in needs)]
    if not usable:
        what = " and ".join(_NAMES[kind] for kind in needs)
        return [Problem(f"No case of {info.name} has {what}.", "Prepare a data set that has them.")]
    parts = {case.part for case in usable}
    missing = [part for part in ("train", "validation") if part not in parts]
    if missing:
        what = f"{info.name} has no usable case in its {missing[0]} part."
        return [Problem(what, "Prepare it again with more patients or another split.")]
    return []


def _folder(folder: Path | None) -> list[Problem]:
    if folder is None:
        return [Problem("No folder is chosen for the run.", "Choose one.")]
    if RunFiles(folder).info.exists():
        return [Problem(f"{folder} holds a run already.", "Choose another folder.")]
    there = next((place for place in (folder, *folder.parents) if place.exists()), folder)
    if not there.is_dir() or not os.access(there, os.W_OK):
        return [Problem(f"{folder} cannot be written.", "Choose another folder.")]
    return []


def describe(info: DatasetInfo) -> str:
    """A data set in a line: how many cases, and how they are split."""
    parts = ", ".join(f"{len(info.of(part))} {part}" for part in ("train", "validation", "test"))
    return f"{len(info.cases)} cases: {parts}"
