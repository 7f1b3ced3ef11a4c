"""Cases, a volume with or without labels, as slices: as they are for encoders, on a model's grid for its segmenter."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from ctstudio.catalog.dataset import Case, Part, read_dataset
from ctstudio.core.errors import InputError
from ctstudio.core.labels import LabelMap, standard_table
from ctstudio.core.resample import labels_onto, volume_onto
from ctstudio.core.volume import Volume
from ctstudio.core.working_grid import FieldOfView, working_grid
from ctstudio.evaluation.held_out import LEAST_LIVER_CM2, HeldOut, liver_cm2
from ctstudio.evaluation.images import EvaluatedSlice

Image = TypeVar("Image", Volume, LabelMap)
AIR_HU = -1024.0
MOST_SLICES = 64
"""Of one case, spread evenly over it: neighbours say little that is new."""


@dataclass(frozen=True)
class EvaluatedCase:
    """A scan in HU, and its labels when there are any."""

    name: str
    volume: Volume
    labels: LabelMap | None = None


def case_slices(case: EvaluatedCase, most: int = MOST_SLICES) -> tuple[EvaluatedSlice, ...]:
    """Axial slices of a case: those with labels, else those that are not all one value; at most `most`."""
    planes = case.volume.array
    return tuple(
        EvaluatedSlice(f"{case.name}/{z:04d}", np.asarray(planes[z], np.float32)) for z in chosen_slices(case, most)
    )


def chosen_slices(case: EvaluatedCase, most: int = MOST_SLICES) -> list[int]:
    """The numbers of those slices."""
    if case.labels is not None and case.labels.grid.matches(case.volume.grid):
        holding = [z for z, plane in enumerate(case.labels.array) if plane.any()]
    else:
        holding = [z for z, plane in enumerate(case.volume.array) if plane.min() < plane.max()]
    return _spread(holding, most)


def on_model_grid(
    case: EvaluatedCase, view: FieldOfView, most: int = MOST_SLICES
) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
    """Slices of a case with labels as a model sees them.

    Returns:
        (N, pixels, pixels) HU, and (N, pixels, pixels) labels; N is 0 without labels.
    """
    if case.labels is None or not case.labels.array.any():
        return np.zeros((0, view.pixels, view.pixels), np.float32), np.zeros((0, view.pixels, view.pixels), np.uint8)
    grid = working_grid(case.labels, case.volume, view)
    images, labels = [], []
    for z in _spread([z for z, plane in enumerate(case.labels.array) if plane.any()], most):
        plane = grid.slab(z, 1)
        images.append(volume_onto(_near(case.volume, z), plane, AIR_HU).array[0].astype(np.float32))
        labels.append(labels_onto(_near(case.labels, z), plane).array[0])
    return np.stack(images), np.stack(labels)


def _near(image: Image, z: int) -> Image:
    """A slice and its neighbours: all that a resampled slice depends on, so that the rest is not read."""
    first, end = max(0, z - 1), min(image.grid.shape[0], z + 2)
    return replace(image, array=np.asarray(image.array[first:end]), grid=image.grid.slab(first, end - first))


def prepared_cases(folder: Path, part: Part | None = None) -> list[EvaluatedCase]:
    """The cases of a prepared data set that hold a CT.

    Raises:
        InputError: The data set cannot be read, or has no such case.
    """
    info = read_dataset(folder)
    found = []
    for case in info.cases if part is None else info.of(part):
        if "ct" not in case.files:
            continue
        found.append(prepared_case(folder, case))
    if not found:
        which = f" in its part {part!r}" if part else ""
        raise InputError(f"{folder} has no case with a CT{which}.", "Prepare more cases, or another split.")
    return found


def prepared_case(folder: Path, case: Case) -> EvaluatedCase:
    """A case with a CT of the prepared data set in a folder; its arrays stay on the disk until they are read."""
    volume = Volume(np.load(folder / case.files["ct"], mmap_mode="r"), case.grid, name=case.name)
    labels = None
    if "labels" in case.files:
        labels = LabelMap(np.load(folder / case.files["labels"], mmap_mode="r"), case.grid, standard_table())
    return EvaluatedCase(case.name, volume, labels)


def slices_for_testing(folder: Path, count: int, view: FieldOfView) -> HeldOut:
    """Slices of the test part of a prepared data set that show the liver, evenly from its cases.

    Raises:
        InputError: No test case holds a liver.
    """
    cases = [case for case in prepared_cases(folder, "test") if case.labels is not None]
    images, labels, numbers = [], [], []
    for number, case in enumerate(cases):
        image, painted = on_model_grid(case, view, 4 * count)
        rows = [row for row, plane in enumerate(painted) if liver_cm2(plane, view.pixel_mm) >= LEAST_LIVER_CM2]
        for row in _spread(rows, -(-count // len(cases))):
            images.append(np.round(image[row]).clip(-1024, 3071).astype(np.int16))
            labels.append(painted[row])
            numbers.append(1000 * number + row)
    if not images:
        raise InputError(
            f"No test case of {folder} shows enough liver to be judged by.",
            "Prepare cases whose label maps hold the liver, and leave some for testing.",
        )
    return HeldOut(np.stack(images), np.stack(labels), np.asarray(numbers, np.int64), True).first(count)


def _spread(numbers: Sequence[int], most: int) -> list[int]:
    """At most so many of the numbers, evenly."""
    if len(numbers) <= most:
        return list(numbers)
    return [numbers[i] for i in np.linspace(0, len(numbers) - 1, most).astype(int)]
