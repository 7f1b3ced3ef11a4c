"""What the form "New run" holds: recipe, model, data, the few settings that matter, name and folder."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

from psygnal import Signal
from pydantic import BaseModel

from ctstudio.catalog.parameters import Parameter, parameters_of
from ctstudio.catalog.recipe import FineTuneRecipe, Recipe, TrainRecipe
from ctstudio.catalog.recipes import load_recipe, recipe_from, recipes_dir
from ctstudio.core.errors import CtStudioError, ParameterError

_FEW = {
    "denoiser.steps": ("Steps", "Steps of the optimiser."),
    "denoiser.batch": ("Batch", "Samples a step."),
    "denoiser.learning_rate": ("Learning rate", "After the warm-up; it falls to a tenth along a cosine."),
    "text.steps": ("Text steps", "Steps of the text encoder's optimiser."),
    "coarse.steps": ("Coarse steps", "Steps of the optimiser of the coarse volume's network."),
    "coarse.batch": ("Coarse batch", "Coarse volumes a step."),
    "coarse.learning_rate": ("Learning rate", "Of the coarse volume's network; it falls to a tenth along a cosine."),
    "upscaler.steps": ("Refinement steps", "Steps of the upscaler's optimiser."),
    "lesion": ("Lesion", "Label name of the lesions that are learned, such as liver_lesion."),
    "control.steps": ("Lesion steps", "Steps of the optimiser of each ControlNet."),
    "adapt.method": (
        "Method",
        "lora trains small additions to some layers; full trains every weight; controlnet trains a copy of some blocks "
        "that sees the mask in place.",
    ),
    "adapt.rank": ("LoRA rank", "Size of the additions: larger learns more and forgets more."),
    "natural.steps": ("Steps before", "Steps of the stage on natural images."),
    "distil.method": ("Method", "How the teacher's many steps become the student's few."),
    "distil.student_steps": ("Student steps", "Steps that the student is made for."),
    "distil.guidance": ("Guidance", "Guidance scale that goes into the student."),
    "data.coarse_patients": ("Phantom patients", "How many procedural chests are made, with their reports."),
    "data.fine_patients": ("At full resolution", "How many of them are made at full resolution too."),
    "data.patients": ("Phantom patients", "How many procedural patients are made."),
    "data.lesion_patients": ("Patients with lesions", "Procedural patients who have each kind of lesion."),
    "data.slices_each": ("Slices of each", "Axial slices that are taken of each patient, at most."),
    "run.sample_every": ("Sample every", "Steps between two looks at the fixed samples; 0 for none."),
}
_COPY_SUFFIX = " copy"
_ORDER = {"fine-tune": 0, "meddiff-lesion": 0, "distil": 1, "medsyn-distil": 1, "train": 2, "medsyn": 2, "meddiff": 2}


class TrainingForm:
    """The choices for a new run.

    Signals:
        changed: "recipe" when every field may be another; else the name of what changed.
    """

    changed = Signal(str)

    def __init__(self, free_folder: Callable[[str], Path]) -> None:
        self.recipes: tuple[Recipe, ...] = ()
        self._free_folder = free_folder
        self._recipe_name = ""
        self._settings: dict[str, Any] = {}
        self._phantoms: dict[str, Any] | None = None
        self._folder: Path | None = None

    def offer(self, recipes: tuple[Recipe, ...]) -> None:
        """Offer recipes, those that start from a model first; the quickest is taken when none was."""
        self.recipes = tuple(sorted(recipes, key=lambda recipe: (_ORDER[recipe.kind], recipe.name)))
        quick = (r for r in self.recipes if isinstance(r, FineTuneRecipe) and r.adapt.method == "lora")
        if not self._settings and self.recipes:
            self.take(next(quick, self.recipes[0]))

    def take(self, recipe: Recipe, base: str = "") -> None:
        """Take a recipe as it is; a model, a name and a folder of one's own stay."""
        data = recipe.model_dump(mode="json")
        if "base" in data and (base or self.base) and self.system == recipe.system:
            data["base"] = base or self.base
        self._set_all(data)

    def clone(self, settings: dict[str, Any]) -> None:
        """Take over a run's settings, under a new name.

        Raises:
            ParameterError: They are not those of a recipe.
        """
        data = recipe_from(settings, None, "the run").model_dump(mode="json")
        title = str(data["title"]).removesuffix(_COPY_SUFFIX) + _COPY_SUFFIX
        self._folder = None
        self._set_all({**data, "title": title})

    @property
    def settings(self) -> dict[str, Any]:
        """The whole recipe as JSON values; empty without a recipe."""
        return dict(self._settings)

    @property
    def recipe_name(self) -> str:
        """Name of the recipe that the settings began as."""
        return self._recipe_name

    @property
    def about(self) -> str:
        """What the recipe is for."""
        return str(self._settings.get("about", ""))

    @property
    def system(self) -> str:
        """The system that the recipe trains."""
        return str(self._settings.get("system", ""))

    @property
    def needs_base(self) -> bool:
        """Whether the recipe starts from a model."""
        return "base" in self._settings

    @property
    def beginning(self) -> str:
        """What a recipe that needs no model begins with, in words."""
        recipe = next((each for each in self.recipes if each.name == self._recipe_name), None)
        if not isinstance(recipe, TrainRecipe) or not recipe.borrow:
            return "None: trained from nothing"
        lenders = ", ".join(dict.fromkeys(recipe.borrow.values()))
        return f"{recipe.start}, with parts of {lenders}" if recipe.start else f"None; parts of {lenders}"

    @property
    def base(self) -> str:
        """Name or folder of the model it starts from."""
        return str(self._settings.get("base", ""))

    @base.setter
    def base(self, base: str) -> None:
        if self.needs_base and base != self.base:
            self._settings["base"] = base
            self.changed.emit("base")

    @property
    def title(self) -> str:
        """Name of the run."""
        return str(self._settings.get("title", ""))

    @title.setter
    def title(self, title: str) -> None:
        if self._settings and title != self.title:
            self._settings["title"] = title
            self.changed.emit("title")

    @property
    def folder(self) -> Path:
        """Where the run shall lie: the chosen folder, or a free one named for the run."""
        return self._folder if self._folder is not None else self._free_folder(self.title)

    @folder.setter
    def folder(self, folder: Path | None) -> None:
        self._folder = folder
        self.changed.emit("folder")

    @property
    def phantoms(self) -> dict[str, Any] | None:
        """The recipe's procedural patients; None when it has none."""
        return self._phantoms

    @property
    def takes_datasets(self) -> bool:
        """Whether the recipe can learn on prepared data; whole models of MedSyn and MedDiff-FM learn on phantoms."""
        return self._settings.get("kind") not in ("medsyn", "medsyn-distil", "meddiff")

    @property
    def dataset(self) -> str | None:
        """Folder of the prepared data set, "" when none is chosen; None with the recipe's phantoms."""
        data = self._settings.get("data", {})
        return str(data.get("folder", "")) if data.get("source") == "dataset" else None

    @dataset.setter
    def dataset(self, folder: str | None) -> None:
        if not self._settings or folder == self.dataset:
            return
        if folder is None:
            self._settings["data"] = dict(self._phantoms or {})
        else:
            self._settings["data"] = {"source": "dataset", "folder": folder}
        self._fill()
        self.changed.emit("recipe")

    def fields(self) -> tuple[Parameter, ...]:
        """The settings that matter, as the recipe has them, with dotted names."""
        try:
            recipe = recipe_from(self._settings)
        except CtStudioError:
            return ()
        found = [_field(recipe, key) for key in _FEW]
        return tuple(field for field in found if field is not None)

    def value(self, name: str) -> Any:
        """The value of a field."""
        found: Any = self._settings
        for key in name.split("."):
            found = found[key]
        return found

    def set(self, name: str, value: Any) -> None:
        """Set a field.

        Raises:
            ParameterError: The value does not fit; the old one stays.
        """
        try:
            data = recipe_from(self._settings, {name: str(value)}, "this form").model_dump(mode="json")
        except ParameterError as error:
            title = _FEW[name][0] if name in _FEW else name
            reason = error.message.partition(": ")[2] or error.message
            raise ParameterError(f"{title} {value!r}: {reason}", "Give another value.", error.detail) from error
        if data != self._settings:
            self._settings = data
            self.changed.emit(name)

    def _set_all(self, data: dict[str, Any]) -> None:
        self._settings = data
        self._recipe_name = str(data["name"])
        self._phantoms = dict(data["data"]) if data["data"]["source"].startswith("phantom") else None
        self.changed.emit("recipe")

    def _fill(self) -> None:
        """Write out the defaults."""
        self._settings = recipe_from(self._settings).model_dump(mode="json")


def read_recipes() -> tuple[tuple[Recipe, ...], tuple[str, ...]]:
    """All recipes that can be used, and a sentence about each that cannot."""
    recipes, notes = [], []
    for path in sorted(recipes_dir().rglob("*.toml")):
        try:
            recipes.append(load_recipe(str(path)))
        except CtStudioError as error:
            notes.append(error.message)
    return tuple(recipes), tuple(notes)


def _field(recipe: Recipe, key: str) -> Parameter | None:
    section, _, name = key.rpartition(".")
    part = getattr(recipe, section, None) if section else recipe
    if not isinstance(part, BaseModel) or name not in type(part).model_fields:
        return None
    title, told = _FEW[key]
    found = next(one for one in parameters_of(type(part)) if one.name == name)
    value = getattr(part, name)
    if found.kind == "number":  # written as text, because a learning rate has no fixed number of decimals
        return dataclasses.replace(found, name=key, title=title, help=told, kind="text", default=f"{value:g}")
    return dataclasses.replace(found, name=key, title=title, help=told, default=value)
