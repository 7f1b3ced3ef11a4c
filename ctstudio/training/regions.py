"""Procedural heads, chests and abdomens as MedDiff-FM learns from them, one file a patient, made once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ctstudio.catalog.anatomy_vocabulary import to_model
from ctstudio.catalog.meddiff_regions import REGIONS
from ctstudio.core.labels import values_of
from ctstudio.core.seeds import stream
from ctstudio.phantom.findings import SIZES
from ctstudio.phantom.grids import region_grid
from ctstudio.phantom.lesion_kinds import LESIONS
from ctstudio.phantom.patient import REGIONS as PHANTOMS
from ctstudio.phantom.patient import Region, make_patient
from ctstudio.phantom.render import render
from ctstudio.training.shards import OneByOne, Told, shards_in, write_patients

HEALTHY = "healthy"
"""Folder of patients without a lesion; those with one lie in a folder of the lesion's name."""
FIRST_VALIDATION_SEED = 9_500
FIRST_LESION_SEED = 4_500
"""Patients with lesions are others than the healthy ones."""
SIZE_SHARES = (0.2, 0.4, 0.4)
"""How often lesions are small, moderate and large: small ones are hardly a voxel at 3 mm."""


@dataclass(frozen=True)
class RegionVolume:
    """One patient's region at the model's spacing, as it lies on the disk.

    Attributes:
        ct_hu: (z, y, x) int16.
        anatomy: (z, y, x) uint8, the model's 119 classes; a lesion has that of its organ.
        lesion: (z, y, x) uint8, in a lesion its label's value in the standard table.
        region: () int64, number in `REGIONS`.
    """

    ct_hu: NDArray[np.int16]
    anatomy: NDArray[np.uint8]
    lesion: NDArray[np.uint8]
    region: NDArray[np.int64]


def region_volume(seed: int, region: Region, spacing_mm: float, lesion: str = "") -> RegionVolume:
    """A patient of a seed, healthy, or with a kind of lesion and nothing else."""
    findings = {LESIONS[lesion].finding: _size(seed)} if lesion else {}
    patient = make_patient(seed, region, findings)
    phantom = render(patient, region_grid(patient, spacing_mm), pet=False, mr=False)
    inside = phantom.labels.array == values_of([lesion])[0] if lesion else np.zeros(phantom.labels.grid.shape, bool)
    return RegionVolume(
        phantom.ct.array.astype(np.int16),
        to_model(phantom.labels).array,
        np.where(inside, phantom.labels.array, 0).astype(np.uint8),
        np.asarray(REGIONS.index(region), np.int64),
    )


def _size(seed: int) -> str:
    return str(stream(seed, "lesion size").choice(SIZES, p=SIZE_SHARES))


def make_healthy(seeds: Sequence[int], spacing_mm: float, folder: Path, told: Told) -> None:
    """Make the healthy patients of every region that a folder lacks."""
    for number, region in enumerate(PHANTOMS):
        make = partial(region_volume, region=region, spacing_mm=spacing_mm)
        part = _part_of(told, number * len(seeds), len(PHANTOMS) * len(seeds))
        write_patients(seeds, make, folder / HEALTHY, part, f"{region}_")


def make_lesions(kind: str, seeds: Sequence[int], spacing_mm: float, folder: Path, told: Told) -> None:
    """Make the patients with a kind of lesion that a folder lacks."""
    make = partial(region_volume, region=LESIONS[kind].region, spacing_mm=spacing_mm, lesion=kind)
    write_patients(seeds, make, folder / kind, told)


def volumes_in(*folders: Path) -> Sequence[RegionVolume]:
    """The patients of some folders, read one by one: 4 to 6 MB each at 3 mm, a few milliseconds."""
    return OneByOne(paths_in(*folders), RegionVolume)


def paths_in(*folders: Path) -> list[Path]:
    """The files of the patients of some folders."""
    return [path for folder in folders for path in shards_in(folder)]


def _part_of(told: Told, before: int, total: int) -> Told:
    return lambda done, _: told(before + done, total)
