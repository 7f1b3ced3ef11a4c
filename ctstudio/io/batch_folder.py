"""The folder of a batch: begun, taken up again, and what of it is done."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from ctstudio.catalog.batch import RECORDS, BatchPlan, plan_from_json, records_of
from ctstudio.catalog.sweeps import text_of
from ctstudio.core.errors import InputError, UnreadableFile
from ctstudio.io.storage import storage_errors, write_text
from ctstudio.protocol.training_run import append_record, read_records

_PLAN, _CASES = "plan.json", "cases.jsonl"
_LEFTOVERS = (".*.part", "*/.*.part", "*/*/.*.part")
_SHOWN = 3


class CaseLine(BaseModel):
    """One finished case; its line is written when all its files are.

    Attributes:
        case: Its name.
        mask, group: Whose it is.
        parameters: That made it.
        first, slices: Its axial slices on the mask's grid.
        record: Path of its provenance, relative to the data set.
        files: Path of each image, likewise, to its bytes.
        voxels: Label name to voxels.
        measures: Numbers measured in its sample, units in the names.
        notes: What the system said of its sample.
    """

    model_config = ConfigDict(extra="ignore", frozen=True)

    case: str
    mask: str
    group: str
    parameters: dict[str, Any]
    first: int = 0
    slices: int
    record: str
    files: dict[str, int]
    voxels: dict[str, int] = Field(default_factory=dict)
    measures: dict[str, float] = Field(default_factory=dict)
    notes: tuple[str, ...] = ()


def read_plan(folder: Path) -> BatchPlan | None:
    """The plan of the batch in a folder; None when there is none.

    Raises:
        InputError: It is damaged.
    """
    path = records_of(folder) / _PLAN
    if not path.is_file():
        return None
    try:
        return plan_from_json(path.read_text("utf-8"), str(folder))
    except (OSError, UnicodeDecodeError) as error:
        raise UnreadableFile(f"{path} cannot be read.", "Check its permissions.", repr(error)) from error


def check_folder(folder: Path, plan: BatchPlan) -> bool:
    """Whether a batch was begun in a folder; refuses what is another one.

    Raises:
        InputError: The folder holds another batch (with what differs) or something else, lies among the masks, or
            nnU-Net's number is taken.
        StorageError: It cannot be looked into.
    """
    masks = Path(plan.settings.masks)
    if folder.absolute().is_relative_to(masks.absolute()):
        raise InputError(f"The data set would lie among its own masks, in {masks}.", "Choose a folder beside them.")
    before = read_plan(folder)
    if before is not None:
        _check_same(folder, before, plan)
        return True
    with storage_errors(folder):
        taken = folder.exists() and (not folder.is_dir() or any(one.name != RECORDS for one in folder.iterdir()))
        rivals = sorted(folder.parent.glob(f"Dataset{plan.settings.number:03d}_*")) if plan.settings.number else []
    if taken:
        raise InputError(f"{folder} exists already and holds no batch.", "Choose another folder or name.")
    rival = next((one for one in rivals if one != folder), None)
    if rival is not None:
        raise InputError(
            f"nnU-Net knows data sets by number, and {plan.settings.number:03d} is taken by {rival.name}.",
            "Choose another number.",
        )
    return False


def begin(folder: Path, plan: BatchPlan) -> None:
    """Make a folder ready for a batch, or for going on with it: write the plan, take away half-written files.

    Raises:
        StorageError: It cannot be written.
    """
    with storage_errors(folder):
        records_of(folder).mkdir(parents=True, exist_ok=True)
        for leftover in [path for pattern in _LEFTOVERS for path in folder.glob(pattern)]:
            _remove(leftover)
    write_text(plan.model_dump_json(indent=1) + "\n", records_of(folder) / _PLAN)


def done_cases(folder: Path) -> dict[str, CaseLine]:
    """The finished cases by name: those whose line is written and whose files are there, whole."""
    lines, _ = read_records(records_of(folder) / _CASES, CaseLine)
    return {line.case: line for line in lines if _is_whole(folder, line)}


def keep_cases(folder: Path, lines: list[CaseLine]) -> None:
    """Write the record of cases anew, in this order; a half-written line of a killed process goes.

    Raises:
        StorageError: Disk full or no permission; the old record stays.
    """
    write_text("".join(line.model_dump_json() + "\n" for line in lines), records_of(folder) / _CASES)


def add_case(folder: Path, line: CaseLine) -> None:
    """Record that a case is finished.

    Raises:
        StorageError: Disk full or no permission.
    """
    path = records_of(folder) / _CASES
    with storage_errors(path):
        append_record(path, line)


def _check_same(folder: Path, before: BatchPlan, now: BatchPlan) -> None:
    differences = differences_of(before, now)
    if differences:
        more = f" and {len(differences) - _SHOWN} more" if len(differences) > _SHOWN else ""
        raise InputError(
            f"{folder} holds another batch: {'; '.join(differences[:_SHOWN])}{more}.",
            "Choose another folder or name, or give the same settings again to go on.",
            "\n".join(differences),
        )


def differences_of(before: BatchPlan, now: BatchPlan) -> list[str]:
    """In what two plans differ, a phrase each; empty when both make the same files."""
    found = []
    old, new = before.settings, now.settings
    for name, title in _TITLES.items():
        then, here = getattr(old, name), getattr(new, name)
        if then != here:
            found.append(f"{title} {_told(then)} there, {_told(here)} here")
    for name in dict.fromkeys([*old.sweeps, *new.sweeps]):
        then, here = old.sweeps.get(name, ()), new.sweeps.get(name, ())
        if then != here:
            found.append(f"{name} {text_of(then)} there, {text_of(here)} here")
    found += _mask_differences(before, now)
    if before.labels != now.labels and old.labels == new.labels:
        found.append(f"labels {_told(before.labels)} there, {_told(now.labels)} here")
    if before.model_files != now.model_files and old.model == new.model:
        found.append(f"the model {old.model} has changed since")
    return found


_TITLES = {
    "system": "the system is",
    "task": "the task is",
    "model": "the model is",
    "masks": "the masks lie in",
    "labels": "labels asked for are",
    "label_source": "label maps are",
    "layout": "the layout is",
    "name": "the name is",
    "patient_pattern": "the patient pattern is",
    "device": "the device is",
    "dtype": "the precision is",
}


def _mask_differences(before: BatchPlan, now: BatchPlan) -> list[str]:
    old, new = ({mask.file: mask.digest for mask in plan.masks} for plan in (before, now))
    changed = [file for file, digest in new.items() if old.get(file, digest) != digest]
    gone, more = sorted(old.keys() - new.keys()), sorted(new.keys() - old.keys())
    said = (("has other voxels since", changed), ("is gone", gone), ("is new", more))
    return [f"the mask {files[0]} {what}" + _and_more(files) for what, files in said if files]


def _and_more(files: list[str]) -> str:
    return f" (so with {len(files) - 1} more)" if len(files) > 1 else ""


def _told(value: Any) -> str:
    if isinstance(value, tuple):
        return ", ".join(value) or "all"
    return str(value) or "none"


def _is_whole(folder: Path, line: CaseLine) -> bool:
    there = (folder / line.record).is_file()
    return there and all(_size(folder / file) == size for file, size in line.files.items())


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return -1


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
