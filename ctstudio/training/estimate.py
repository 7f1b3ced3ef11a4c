"""What a run will take: a few real steps of each stage on a little of the data, in a folder that is thrown away."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from ctstudio.catalog.dataset import read_dataset
from ctstudio.catalog.meddiff_recipe import LesionCases, LesionPhantoms, RegionData
from ctstudio.catalog.medsyn_recipe import ChestData
from ctstudio.catalog.recipe import DistilRecipe, PhantomData, Recipe, TrainRecipe
from ctstudio.catalog.recipes import recipe_from
from ctstudio.protocol.training_run import RunFiles, StepLine, read_records
from ctstudio.training.data import VALIDATION_SEEDS, VALIDATION_SLICES
from ctstudio.training.export import TRAINED
from ctstudio.training.launch import plan_of, run_recipe
from ctstudio.training.memory import memory_bytes
from ctstudio.training.recorder import device_name
from ctstudio.training.run import new_accelerator

TRIED_STEPS, TRIED_PATIENTS, TRIED_SLICES = 4, 2, 2
TRIED_IMAGES = 2
TRIED_REPORTS = 40
FINE_COST = 8
"""How many coarse chests take the time and place of a fine one."""
STEPPED = (*TRAINED, "student", "text", "coarse", "upscaler", "control")
"""Stages that take steps."""


class StageEstimate(BaseModel):
    """One stage: its steps (slices or paths for stages that train nothing), and seconds."""

    model_config = ConfigDict(frozen=True)

    stage: str
    steps: int
    seconds: float


class Estimate(BaseModel):
    """What a run will take on this machine.

    Attributes:
        seconds: Of all stages but the last ones, which export, calibrate and measure the finished model.
        memory_bytes: The most that was used while trying, and what all slices take in memory.
        disk_bytes: Of cache and checkpoints.
        cost: Seconds times the price of an hour; None without a price.
        device: That was tried.
        stages: One by one.
    """

    model_config = ConfigDict(frozen=True)

    seconds: float
    memory_bytes: int
    disk_bytes: int
    cost: float | None
    device: str
    stages: tuple[StageEstimate, ...]


def estimate(
    recipe: Recipe, price_per_hour: float = 0.0, told: Callable[[int, int, str], None] = lambda done, total, what: None
) -> Estimate:
    """Try a recipe.

    Args:
        recipe: What is wanted.
        price_per_hour: Of this machine; 0 for none.
        told: Called with stages done, stages in all, and the present one.

    Raises:
        InputError: What the recipe names cannot be used.
    """
    plan = [name for name in plan_of(recipe) if name not in ("export", "calibrate", "figures")]
    accelerator = new_accelerator(recipe.run.precision)
    small = _small(recipe)
    stages = []
    with tempfile.TemporaryDirectory(prefix="ctstudio-estimate-") as place:
        folder = Path(place)
        for number, name in enumerate(plan):
            told(number, len(plan), name)
            began = time.monotonic()
            run_recipe(small, folder, resume=number > 0, stages=(name,), accelerator=accelerator)
            spent = time.monotonic() - began
            stages.append(_stage(recipe, small, name, spent, folder))
        cache = _cache_bytes(recipe, small, folder / "cache")
        kept = sum(path.stat().st_size for path in (folder / "checkpoints").rglob("*") if path.is_file())
    seconds = sum(stage.seconds for stage in stages)
    cost = seconds / 3600 * price_per_hour if price_per_hour > 0 else None
    return Estimate(
        seconds=round(seconds, 1),
        memory_bytes=memory_bytes(accelerator.device) + cache,
        disk_bytes=cache + kept * (recipe.run.keep + 1),
        cost=None if cost is None else round(cost, 2),
        device=device_name(accelerator.device),
        stages=tuple(stages),
    )


def _small(recipe: Recipe) -> Recipe:
    """The recipe with little data and few steps, and without looks at what is learned."""
    settings = recipe.model_dump(mode="json")
    if isinstance(recipe.data, ChestData):
        small = {"coarse_patients": TRIED_PATIENTS, "fine_patients": TRIED_PATIENTS, "validation_patients": 1}
        settings["data"].update(small)
        if "text" in settings:
            settings["text"]["patients"] = min(settings["text"]["patients"], TRIED_REPORTS)
    elif isinstance(recipe.data, RegionData):
        settings["data"].update(patients=1, lesion_patients=1, validation_patients=1)
    elif isinstance(recipe.data, LesionPhantoms):
        settings["data"].update(patients=1, validation_patients=1)
    elif isinstance(recipe.data, PhantomData):
        settings["data"]["patients"] = min(recipe.data.patients, TRIED_PATIENTS)
    elif not isinstance(recipe.data, LesionCases):
        settings["data"]["slices_each"] = min(recipe.data.slices_each, TRIED_SLICES)
    for name in STEPPED:
        if settings.get(name):
            settings[name]["steps"] = min(settings[name]["steps"], TRIED_STEPS)
    if settings.get("natural"):
        settings["natural"]["data"]["images"] = min(settings["natural"]["data"]["images"], TRIED_IMAGES)
    if isinstance(recipe, DistilRecipe):
        settings["distil"]["paths"] = min(recipe.distil.paths, recipe.denoiser.batch)
    settings["run"].update(validate_every=0, sample_every=0)
    return recipe_from(settings)


def _cache_bytes(recipe: Recipe, small: Recipe, cache: Path) -> int:
    """What slices, latents and natural images will take, from what a few of them took."""
    shares = {"natural": _images(recipe) / max(1, _images(small))}
    usual = _slices(recipe) / _slices(small)
    sizes = ((path.relative_to(cache).parts[0], path.stat().st_size) for path in cache.rglob("*.npz"))
    return int(sum(size * shares.get(folder, usual) for folder, size in sizes))


def _images(recipe: Recipe) -> int:
    """Natural images of the first stage; 0 without one."""
    return recipe.natural.data.images if isinstance(recipe, TrainRecipe) and recipe.natural else 0


def _slices(recipe: Recipe) -> int:
    """Slices of both parts, as many as there can be; of chests, how many coarse ones they are worth; or patients."""
    data = recipe.data
    if isinstance(data, ChestData):
        held = data.validation_patients
        return data.coarse_patients + held + FINE_COST * (data.fine_patients + data.fine_validation_patients)
    if isinstance(data, RegionData):
        return data.patients + data.lesion_patients + 2 * data.validation_patients
    if isinstance(data, LesionPhantoms):
        return data.patients + data.validation_patients
    if isinstance(data, PhantomData):
        return data.patients * data.slices_each + VALIDATION_SLICES * len(VALIDATION_SEEDS)
    info = read_dataset(Path(data.folder))
    if isinstance(data, LesionCases):
        return len(info.cases)
    cases = (*info.of("train"), *info.of("validation"))
    return sum(min(data.slices_each, case.shape[0]) for case in cases)


def _stage(recipe: Recipe, small: Recipe, name: str, spent: float, folder: Path) -> StageEstimate:
    if name == "paths" and isinstance(recipe, DistilRecipe) and isinstance(small, DistilRecipe):
        share = recipe.distil.paths / small.distil.paths if recipe.distil.method == "progressive" else 1.0
        return StageEstimate(stage=name, steps=recipe.distil.paths, seconds=round(spent * share, 1))
    if name == "images":
        share = _images(recipe) / _images(small)
        return StageEstimate(stage=name, steps=_images(recipe), seconds=round(spent * share, 1))
    if _section(name) not in STEPPED:
        slices = _slices(recipe)
        return StageEstimate(stage=name, steps=slices, seconds=round(spent * slices / _slices(small), 1))
    steps = getattr(recipe, _section(name)).steps
    lines, _ = read_records(RunFiles(folder).steps, StepLine)
    mine = [line.seconds for line in lines if line.stage == name]
    each = (mine[-1] - mine[0]) / (len(mine) - 1) if len(mine) > 1 else mine[-1]
    return StageEstimate(stage=name, steps=steps, seconds=round(each * steps + mine[0], 1))


def _section(stage: str) -> str:
    """The part of a recipe that says how a stage is trained."""
    if stage.startswith("control_"):
        return "control"
    return "denoiser" if stage == "student" else stage
