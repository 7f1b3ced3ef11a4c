"""`dataset.json`: prepared cases for training, what is in them, and what was left out and why.

A prepared data set is a folder that needs nothing but numpy to be read:

    dataset.json
    cases/CASE/ct.npy        (z, y, x) int16, HU, LPS orientation
    cases/CASE/labels.npy    (z, y, x) uint8, values of the standard table
    cases/CASE/pet.npy       (z, y, x) float32, SUV, on the CT's grid
    cases/CASE/mr.npy        (z, y, x) float32, arbitrary unit, on the CT's grid (or its own, when there is no CT)
    cases/CASE/report.txt    UTF-8

Only the files that `Case.files` names exist.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ctstudio.catalog.model_card import Range
from ctstudio.core.errors import InputError
from ctstudio.core.grid import Grid

FILE_NAME = "dataset.json"
Part = Literal["train", "validation", "test"]
PARTS: tuple[Part, ...] = ("train", "validation", "test")
Kind = Literal["ct", "labels", "pet", "mr", "report"]


class _Frozen(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Case(_Frozen):
    """One prepared case.

    Attributes:
        name: Name of its folder.
        patient: Whose it is. All cases of a patient lie in the same part.
        part: "train", "validation" or "test".
        files: Kind to path relative to the data set's folder, forward slashes.
        shape: (z, y, x) voxels.
        spacing_mm, origin_mm, direction: The grid, as in `core.grid.Grid`.
        hu: Least and greatest HU of the CT, 0.5th and 99.5th percentile; None without a CT.
        label_voxels: Label name to voxels.
        digest: sha256 of the voxels of its first image; two cases never share one.
        notes: What was done to it, for example "labels resampled onto the CT's grid".
    """

    name: str
    patient: str
    part: Part
    files: dict[Kind, str]
    shape: tuple[int, int, int]
    spacing_mm: tuple[float, float, float]
    origin_mm: tuple[float, float, float]
    direction: tuple[tuple[float, float, float], tuple[float, float, float], tuple[float, float, float]]
    hu: Range | None = None
    label_voxels: dict[str, int] = Field(default_factory=dict)
    digest: str
    notes: tuple[str, ...] = ()

    @property
    def grid(self) -> Grid:
        """Its grid."""
        return Grid(self.shape, self.spacing_mm, self.origin_mm, self.direction)


class Skipped(_Frozen):
    """Something in the source folder that was left out: where, why, and what to do about it."""

    path: str
    why: str
    remedy: str = ""


class DatasetInfo(_Frozen):
    """The content of `dataset.json`.

    Attributes:
        name: Of the data set.
        source: Folder it was made from, or how.
        seed: Of the split.
        cases: All prepared cases, by name.
        skipped: What was left out.
        warnings: What a trainer should know: a small set, few labels, odd spacing, a leak that was repaired.
    """

    name: str
    source: str
    seed: int
    cases: tuple[Case, ...]
    skipped: tuple[Skipped, ...] = ()
    warnings: tuple[str, ...] = ()

    def of(self, part: Part) -> tuple[Case, ...]:
        """The cases of a part."""
        return tuple(case for case in self.cases if case.part == part)

    def write(self, folder: Path) -> Path:
        """Write `dataset.json` into a folder and return its path."""
        path = folder / FILE_NAME
        path.write_text(self.model_dump_json(indent=2) + "\n", encoding="utf-8")
        return path


def read_dataset(folder: Path) -> DatasetInfo:
    """The data set in a folder, checked: every file is there, and no patient lies in two parts.

    Raises:
        InputError: No data set, a damaged one, or one that leaks.
    """
    path = folder / FILE_NAME
    if not path.is_file():
        raise InputError(
            f"{folder} is not a prepared data set: there is no {FILE_NAME} in it.",
            "Prepare one: ctstudio dataset build FOLDER --out DIR.",
        )
    try:
        info = DatasetInfo.model_validate_json(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, ValidationError) as error:
        raise InputError(f"{path} cannot be read.", "Prepare the data set again.", str(error)) from error
    missing = [file for case in info.cases for file in case.files.values() if not (folder / file).is_file()]
    if missing:
        raise InputError(f"{folder} lacks {missing[0]}.", "Prepare the data set again.", "\n".join(missing))
    leaks = leaking_patients(info.cases)
    if leaks:
        raise InputError(
            f"Patient {leaks[0]} lies in more than one part of {folder}.",
            "Prepare the data set again: a model must not be judged on patients it was trained on.",
        )
    return info


def leaking_patients(cases: tuple[Case, ...]) -> list[str]:
    """Patients whose cases lie in more than one part, in order."""
    parts: dict[str, set[str]] = {}
    for case in cases:
        parts.setdefault(case.patient, set()).add(case.part)
    return sorted(patient for patient, where in parts.items() if len(where) > 1)
