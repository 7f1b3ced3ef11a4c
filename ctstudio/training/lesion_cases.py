"""Scans of one's own with labelled lesions, as MedDiff-FM learns from them."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np

from ctstudio.catalog.dataset import Case, read_dataset
from ctstudio.catalog.meddiff_regions import REGIONS
from ctstudio.core.errors import InputError
from ctstudio.core.labels import LabelMap, values_of
from ctstudio.core.resample import volume_onto_coarser
from ctstudio.evaluation.cases import prepared_case
from ctstudio.systems.meddiff_fm.anatomy import patient_of
from ctstudio.systems.meddiff_fm.config import MeddiffConfig
from ctstudio.systems.meddiff_fm.placement import AIR_HU, place
from ctstudio.training.data import RunPart
from ctstudio.training.regions import RegionVolume
from ctstudio.training.shards import Told, write_missing


def cases_with(lesion: str, folder: Path, part: RunPart) -> list[Case]:
    """The cases of a part of a data set whose labels hold a lesion.

    Raises:
        InputError: The data set cannot be read, or has no such case.
    """
    named = [case for case in read_dataset(folder).of(part) if {"ct", "labels"} <= set(case.files)]
    found = [case for case in named if case.label_voxels.get(lesion)]
    if not found:
        words = "training" if part == "train" else part
        raise InputError(
            f"No {words} case in {folder} holds both a CT and labels with a {lesion}.",
            "Prepare cases of at least two patients whose label maps name the lesion so.",
        )
    return found


def make_cases(
    lesion: str, folder: Path, part: RunPart, region: str, config: MeddiffConfig, target: Path, told: Told
) -> None:
    """Bring the cases of a part with a lesion onto the model's voxels, those that the target folder lacks.

    Args:
        lesion: Label name.
        folder: The data set.
        part: Which part of it.
        region: "auto", or one of `REGIONS`.
        config: Of the model.
        target: Where they are kept.
        told: Hears how many are done, and of how many.

    Raises:
        InputError: See `cases_with`; or a case cannot be used.
    """
    cases = cases_with(lesion, folder, part)
    for done, case in enumerate(cases, start=1):
        write_missing(target / f"{case.name}.npz", partial(case_volume, folder, case, lesion, region, config))
        told(done, len(cases))


def case_volume(folder: Path, case: Case, lesion: str, region: str, config: MeddiffConfig) -> RegionVolume:
    """A prepared case in the model's voxels and classes, a lesion in the class of its organ.

    Raises:
        InputError: No body is seen in it, or no label is known.
    """
    found = prepared_case(folder, case)
    labels = found.labels
    if labels is None:
        raise InputError(f"The case {case.name} has no labels.", "Prepare the data set again.")
    value = values_of([lesion])[0]
    placement = place(found.volume.grid, config)
    whole = LabelMap(np.asarray(labels.array), labels.grid, labels.table, labels.synthetic, labels.name)
    patient = patient_of(placement, whole, found.volume, region, "")
    inside = placement.lesion(whole.array == value, labels.grid)[0, 0].numpy() > 0
    hu = volume_onto_coarser(found.volume, placement.work, AIR_HU).array
    return RegionVolume(
        np.rint(np.clip(hu, AIR_HU, 3071)).astype(np.int16),
        patient.classes,
        np.where(inside[tuple(slice(n) for n in hu.shape)], value, 0).astype(np.uint8),
        np.asarray(REGIONS.index(patient.region), np.int64),
    )
