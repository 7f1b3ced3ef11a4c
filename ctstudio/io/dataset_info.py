"""`dataset.json` put together from the prepared cases: names, pseudonyms, parts, warnings."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ctstudio.catalog.dataset import Case, DatasetInfo, Kind, Part, Skipped
from ctstudio.io.dataset_case import PreparedCase
from ctstudio.io.dataset_grouping import FoundCase
from ctstudio.io.dataset_labels_compared import doubts
from ctstudio.io.dataset_options import DatasetOptions
from ctstudio.io.dataset_patients import Patients
from ctstudio.io.dataset_privacy import machine_key, pseudonym
from ctstudio.io.dataset_split import split_patients

_FEW_PATIENTS = 10
_THICK_MM, _FINE_MM = 10.0, 0.1


@dataclass
class KeptCase:
    """A case that is in the data set.

    Attributes:
        found: Where it came from; its name is its folder's.
        made: What was made of it; its arrays are on disk by now.
        files: Kind to path relative to the data set's folder.
    """

    found: FoundCase
    made: PreparedCase
    files: dict[Kind, str]


@dataclass(frozen=True)
class Outcome:
    """What a build came to.

    Attributes:
        kept: The cases.
        skipped: What was left out, as found.
        same: Pairs of case names, as found, whose first images have the same voxels.
        clean: Takes patients' names and IDs out of a text.
    """

    kept: Sequence[KeptCase]
    skipped: Sequence[Skipped]
    same: Sequence[tuple[str, str]]
    clean: Callable[[str], str]


def info_of(outcome: Outcome, patients: Patients, source: Path, options: DatasetOptions, name: str) -> DatasetInfo:
    """The data set; patients whose scans are the same are made one, then all are dealt to the parts."""

    def clean(text: str) -> str:
        return outcome.clean(text.replace(f"{source}{os.sep}", "").replace(str(source), "the source folder"))

    united = _unite(outcome, patients)
    parts = split_patients((patients.of[one.found.name] for one in outcome.kept), options.split, options.seed)
    shown = _shown(set(parts), outcome.clean)
    cases = [_case(one, patients.of[one.found.name], parts, shown, clean) for one in outcome.kept]
    skipped = [s.model_copy(update={"path": clean(s.path), "why": clean(s.why)}) for s in outcome.skipped]
    warnings = [*united, *patients.warnings, *_about_labels(outcome.kept), *_about(cases, options, outcome.kept)]
    return DatasetInfo(
        name=name,
        source=outcome.clean(str(source)),
        seed=options.seed,
        cases=tuple(sorted(cases, key=lambda case: case.name)),
        skipped=tuple(sorted(skipped, key=lambda one: (one.path, one.why))),
        warnings=tuple(clean(line) for line in warnings),
    )


def _unite(outcome: Outcome, patients: Patients) -> list[str]:
    said = []
    for one, copy in outcome.same:
        if patients.of[one] != patients.of[copy]:
            patients.unite(one, copy)
            said.append(f"{one} and {copy} hold the same scan, so their patients count as one.")
    return said


def _shown(keys: set[str], clean: Callable[[str], str]) -> dict[str, str]:
    """What is written of each patient's key: a pseudonym for DICOM IDs, else what was found in the name."""
    secret = machine_key() if any(key.startswith("dicom:") for key in keys) else b""
    shown = {}
    for key in keys:
        origin, _, said = key.partition(":")
        cleaned = clean(said)
        shown[key] = pseudonym(said, secret or machine_key()) if origin == "dicom" or cleaned != said else said
    return shown


def _case(
    kept: KeptCase, patient: str, parts: dict[str, Part], shown: dict[str, str], clean: Callable[[str], str]
) -> Case:
    made, grid = kept.made, kept.made.grid
    a, b, c = grid.direction
    return Case(
        name=kept.found.name,
        patient=shown[patient],
        part=parts[patient],
        files=kept.files,
        shape=grid.shape,
        spacing_mm=grid.spacing_mm,
        origin_mm=grid.origin_mm,
        direction=(a, b, c),
        hu=made.hu,
        label_voxels=made.label_voxels,
        digest=made.digest,
        notes=tuple(clean(note) for note in (*made.notes, *(["synthetic, not acquired"] if made.synthetic else []))),
    )


def _about_labels(kept: Sequence[KeptCase]) -> list[str]:
    labelled = [one for one in kept if one.made.label_voxels]
    return doubts(
        {one.found.name: one.made.label_voxels for one in labelled}, all(o.made.named_labels for o in labelled)
    )


def _about(cases: Sequence[Case], options: DatasetOptions, kept: Sequence[KeptCase]) -> list[str]:
    """What a trainer should know of the set as a whole."""
    said = []
    patients = len({case.patient for case in cases})
    empty = [
        part for part, share in zip(("validation", "test"), options.split[1:], strict=True)
        if share and not any(case.part == part for case in cases)
    ]  # fmt: skip
    if patients == 1:
        said.append("There is one patient only, so all goes to training and nothing can be validated or tested.")
    elif empty:
        said.append(f"{patients} patients are too few for all parts: {' and '.join(empty)} is empty.")
    elif patients < _FEW_PATIENTS:
        said.append(f"{patients} patients are few: figures on validation and test will vary much.")
    odd = [case.name for case in cases if max(case.spacing_mm) > _THICK_MM or min(case.spacing_mm) < _FINE_MM]
    if odd:
        said.append(f"{len(odd)} cases have voxels over {_THICK_MM:g} mm or under {_FINE_MM:g} mm, such as {odd[0]}.")
    made = sum(one.made.synthetic for one in kept)
    if 0 < made < len(kept):
        said.append(f"{made} of {len(kept)} cases are synthetic, the others acquired.")
    lacking = [kind for kind in ("labels", "report", "pet", "mr") if 0 < _having(cases, kind) < len(cases)]
    said += [f"Only {_having(cases, kind)} of {len(cases)} cases have {_with_article(kind)}." for kind in lacking]
    if any("report" in case.files for case in cases):
        said.append("Reports are copied as they are: look whether they name patients.")
    return said


def _having(cases: Sequence[Case], kind: str) -> int:
    return sum(kind in case.files for case in cases)


def _with_article(kind: str) -> str:
    return {"labels": "labels", "report": "a report", "pet": "PET", "mr": "MR"}[kind]
