"""The slices of a run: phantoms made as they are needed, or the prepared cases of a data set."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Literal

import numpy as np

from ctstudio.catalog.dataset import Case, read_dataset
from ctstudio.catalog.meddiff_recipe import LesionCases, LesionPhantoms, RegionData
from ctstudio.catalog.medsyn_recipe import ChestData
from ctstudio.catalog.recipe import PhantomData, PreparedData
from ctstudio.core.errors import InputError, ParameterError
from ctstudio.core.seeds import stream
from ctstudio.core.working_grid import FieldOfView
from ctstudio.evaluation.cases import on_model_grid, prepared_case
from ctstudio.phantom.population import Population
from ctstudio.training.slices import USUAL_VIEW, Slices, load_shards, make_shards, noisy, patient_slices

VALIDATION_SEEDS = range(9_500, 9_506)
"""Phantoms that runs are validated on; training may use the seeds below."""

VALIDATION_SLICES = 2
"""Of each of them."""

LAST_SEED = 9_000
"""Seeds from here on are for calibrating, validating and measuring."""

RunPart = Literal["train", "validation"]
Data = PhantomData | PreparedData


def make_slices(
    data: Data, folder: Path, part: RunPart, told: Callable[[int, int], None], view: FieldOfView = USUAL_VIEW
) -> None:
    """Make the slices of a part that are not in the cache yet, as a model with this view sees them.

    Raises:
        InputError: The data set cannot be read, or has no such cases.
    """
    make_shards(folder / part, _shards(data, part, view), told)


def load_slices(folder: Path, part: RunPart) -> Slices:
    """The slices of a part, in memory."""
    return load_shards(folder / part)


def population_of(data: Data) -> Population:
    """Who the patients of phantom data are; the usual population for other data."""
    return Population(data.fat_mm, data.contrast_phase) if isinstance(data, PhantomData) else Population()


def in_words(data: Data | ChestData | RegionData | LesionPhantoms | LesionCases) -> str:
    """What the data are, for `model.json`."""
    if isinstance(data, RegionData):
        return (
            f"{data.patients} procedural heads, chests and abdomens each (phantom seeds from 0), and "
            f"{data.lesion_patients} patients of each kind of lesion"
        )
    if isinstance(data, LesionPhantoms):
        return f"{data.patients} procedural patients who have the lesion"
    if isinstance(data, LesionCases):
        return f"the training part of the data set {Path(data.folder).name}"
    if isinstance(data, ChestData):
        return (
            f"{data.coarse_patients} procedural chests (phantom seeds from 0), {data.fine_patients} of them at full "
            f"resolution, with reports in {data.wordings} wordings each"
        )
    if isinstance(data, PreparedData):
        return f"the training part of the data set {Path(data.folder).name}, at most {data.slices_each} slices a case"
    changed = [f"{data.fat_mm[0]:g} to {data.fat_mm[1]:g} mm of fat"] if data.fat_mm else []
    changed += [f"contrast phase {data.contrast_phase}"] if data.contrast_phase else []
    last = data.first_seed + data.patients - 1
    return (
        f"{data.patients} procedural abdomens (phantom seeds {data.first_seed} to {last}"
        f"{''.join(', ' + words for words in changed)}), {data.slices_each} axial slices each"
    )


def check_data(data: Data) -> None:
    """Name what is wrong with the data before anything is made.

    Raises:
        InputError: No data set, a leaking one, or one without cases for training and validation that hold a CT and
            labels; phantoms that are kept for judging.
    """
    if isinstance(data, PhantomData):
        last = data.first_seed + data.patients - 1
        if last >= LAST_SEED:
            raise ParameterError(
                f"The phantoms with seeds {data.first_seed} to {last} reach those that models are judged on.",
                f"Choose data.first_seed and data.patients so that no seed reaches {LAST_SEED}.",
            )
        return
    words: str
    part: RunPart
    for part, words in (("train", "training"), ("validation", "validation")):
        if not _usable(data, part):
            raise InputError(
                f"No {words} case in {data.folder} holds both a CT and labels.",
                "Prepare cases of at least two patients with label maps: this recipe learns to follow masks.",
            )


def _shards(data: Data, part: RunPart, view: FieldOfView) -> list[tuple[str, Callable[[], Slices]]]:
    if isinstance(data, PhantomData):
        seeds = range(data.first_seed, data.first_seed + data.patients) if part == "train" else VALIDATION_SEEDS
        count = data.slices_each if part == "train" else VALIDATION_SLICES
        population = population_of(data)
        return [(f"patient_{seed:06d}", partial(patient_slices, seed, count, population, view)) for seed in seeds]
    cases = _usable(data, part)
    return [(f"case_{n:06d}", partial(case_slices, Path(data.folder), c, n, data.slices_each, view)) for n, c in cases]


def _usable(data: PreparedData, part: RunPart) -> list[tuple[int, Case]]:
    cases = [(n, case) for n, case in enumerate(read_dataset(Path(data.folder)).cases) if case.part == part]
    return [(n, case) for n, case in cases if {"ct", "labels"} <= set(case.files) and any(case.label_voxels.values())]


def case_slices(folder: Path, case: Case, number: int, count: int, view: FieldOfView = USUAL_VIEW) -> Slices:
    """Slices of a prepared case on the network's grid, evenly spread over those that hold labels."""
    images, labels = on_model_grid(prepared_case(folder, case), view, count)
    ct_hu = images.clip(-1024, 2000).astype(np.int16)
    doses, noise = noisy(ct_hu, number, stream(number, "case slices"), view.pixel_mm)
    return Slices(ct_hu, labels, noise, doses, np.full(len(ct_hu), number, np.int64), np.ones(len(ct_hu), np.bool_))
