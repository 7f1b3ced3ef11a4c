"""A folder of cases made into a data set that training reads with numpy alone."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ctstudio.catalog.dataset import DatasetInfo, Skipped
from ctstudio.core.errors import Cancelled, InputError
from ctstudio.io.dataset_case import prepare
from ctstudio.io.dataset_content import tell_kinds
from ctstudio.io.dataset_files import check_free_place, folder_in_the_making, write_case
from ctstudio.io.dataset_grouping import FoundCase, group
from ctstudio.io.dataset_info import KeptCase, Outcome, info_of
from ctstudio.io.dataset_labels_compared import poor_cases
from ctstudio.io.dataset_options import DatasetOptions
from ctstudio.io.dataset_patients import tell_apart
from ctstudio.io.dataset_pieces import Pieces, find_pieces
from ctstudio.io.dataset_privacy import Scrubber
from ctstudio.io.dataset_report import FILE_NAME as REPORT
from ctstudio.io.dataset_report import report_text
from ctstudio.io.dataset_space import bytes_of
from ctstudio.io.storage import check_free_space, free_space_needed, storage_errors, write_text

Progress = Callable[[int, int, str], None]
_LAYOUT = "Name files by kind, such as p1/ct.nii.gz with p1/labels.nii.gz, or p1_ct.nii.gz with p1_labels.nii.gz."


@dataclass
class _Build:
    """What a build has come to so far."""

    source: Path
    least_slices: int
    clean: Callable[[str], str]
    skipped: list[Skipped]
    kept: list[KeptCase] = field(default_factory=list)
    same: list[tuple[str, str]] = field(default_factory=list)
    digests: dict[str, str] = field(default_factory=dict)


def build_dataset(
    source: Path,
    out: Path,
    options: DatasetOptions | None = None,
    progress: Progress = lambda done, total, what: None,
    cancelled: Callable[[], bool] = lambda: False,
) -> DatasetInfo:
    """Find the cases in a folder, check them, split them by patient, and write them.

    Args:
        source: Folder with scans, label maps and reports: a folder a case, flat files named by kind, a folder a kind,
            nnU-Net raw, TotalSegmentator's masks, DICOM, or the program's own phantoms; also mixed.
        out: New folder. It appears when the data set is whole, and not at all when the build fails or is stopped.
        options: Split, seed, patients.
        progress: Told how many cases of how many are done, and what is going on; 0 of 0 while it looks for them.
        cancelled: Asked before each folder and each case; True stops the build.

    Returns:
        What was written as `dataset.json`; `report.md` beside it says the same for people.

    Raises:
        InputError: No usable case, or `out` holds something already.
        StorageError: Too little room, or a place that cannot be written.
        Cancelled: `cancelled` said so.
    """
    source, out, options = Path(os.path.abspath(source)), Path(os.path.abspath(out)), options or DatasetOptions()
    _check_source(source)
    check_free_place(out)
    pieces = find_pieces(source, progress, cancelled)
    tell_kinds(pieces, progress, cancelled)
    clean = _cleaner(pieces)
    cases, unused = group(pieces.pieces, source, clean)
    build = _Build(source, options.least_slices, clean, [*pieces.skipped, *unused])
    if not cases:
        raise _nothing(build)
    patients = tell_apart(cases, options.patient_pattern)
    check_free_space(out, free_space_needed(*(bytes_of(case) for case in cases)))
    with folder_in_the_making(out) as folder:
        _prepare_all(build, cases, folder, progress, cancelled)
        _drop_poor_labels(build, folder)
        outcome = Outcome(build.kept, build.skipped, build.same, build.clean)
        info = info_of(outcome, patients, source, options, options.name or out.name)
        with storage_errors(out):
            info.write(folder)
        write_text(report_text(info, [clean(line) for line in patients.how]), folder / REPORT)
        _check(cancelled)
    return info


def _check_source(source: Path) -> None:
    if not source.is_dir():
        what = "is a file" if source.exists() else "does not exist"
        raise InputError(f"{source} {what}.", "Give the folder that holds the cases.")


def _check(cancelled: Callable[[], bool]) -> None:
    if cancelled():
        raise Cancelled("The data set was not built: it was stopped.")


def _cleaner(pieces: Pieces) -> Callable[[str], str]:
    return Scrubber(word for one in pieces.pieces if one.series for word in one.series.secrets).clean


def _nothing(build: _Build) -> InputError:
    """Why there is no data set: nothing found, or nothing usable."""
    if not build.skipped:
        return InputError(f"{build.source} holds no scans that this program reads.", _LAYOUT)
    first = build.skipped[0]
    detail = "\n".join(f"{one.path}: {one.why} {one.remedy}" for one in build.skipped)
    return InputError(
        f"{build.source} holds no case that can be used, of {len(build.skipped)} left out for example {first.path}: "
        f"{first.why}",
        first.remedy or _LAYOUT,
        detail,
    )


def _prepare_all(
    build: _Build, cases: Sequence[FoundCase], folder: Path, progress: Progress, cancelled: Callable[[], bool]
) -> None:
    for number, case in enumerate(sorted(cases, key=_fullest_first)):
        _check(cancelled)
        progress(number, len(cases), f"Preparing {case.name}")
        try:
            _prepare_one(build, case, folder)
        except InputError as error:
            build.skipped.append(Skipped(path=case.place, why=error.message, remedy=error.remedy))
    progress(len(cases), len(cases), "Writing the report")
    if not build.kept:
        raise _nothing(build)


def _fullest_first(case: FoundCase) -> tuple[int, str]:
    """Of the same scan twice, the case with labels or PET beside it is kept."""
    return -len({piece.kind for piece in case.pieces}), case.name


def _prepare_one(build: _Build, case: FoundCase, folder: Path) -> None:
    made = prepare(case, build.least_slices)
    build.skipped += made.skipped
    twin = build.digests.setdefault(made.digest, case.name)
    if twin != case.name:
        build.same.append((twin, case.name))
        raise InputError(f"Its first image has the same voxels as that of {twin}.")
    made.report = build.clean(made.report)
    files = write_case(folder, case.name, made)
    made.arrays = {}  # written; memory holds one case at a time
    build.kept.append(KeptCase(case, made, files))


def _drop_poor_labels(build: _Build, folder: Path) -> None:
    """Take out label maps that hold very few of the labels that most hold."""
    poor = poor_cases({one.found.name: len(one.made.label_voxels) for one in build.kept if one.made.label_voxels})
    for kept in (one for one in build.kept if one.found.name in poor):
        with storage_errors(folder):
            (folder / kept.files.pop("labels")).unlink()
        kept.made.label_voxels = {}
        place, why = kept.found.of("labels")[0].place, poor[kept.found.name]
        build.skipped.append(Skipped(path=place, why=why, remedy="Complete the label map, or leave it out."))
