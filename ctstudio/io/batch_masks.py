"""The masks in a folder: read, checked, and named for their cases."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ctstudio.catalog.batch import BatchMask
from ctstudio.catalog.fit import Fit
from ctstudio.catalog.model_card import ModelInfo
from ctstudio.catalog.na_diff_fit import MIN_VOXELS, assess
from ctstudio.core.errors import Cancelled, GeometryError, InputError, MaskError, UnreadableFile
from ctstudio.core.labels import LabelMap, standard_table
from ctstudio.core.provenance import digest
from ctstudio.io.dataset_label_names import names_beside
from ctstudio.io.dataset_labels import counted, in_standard_values
from ctstudio.io.dataset_words import is_word_of_kind, read_name
from ctstudio.io.mask_kinds import check_kind, may_be_image
from ctstudio.io.reading import read_labels_with_notes, stem

Progress = Callable[[int, int, str], None]
_SIZE = " size"

_IN_NAMES = re.compile(r"[^A-Za-z0-9-]+")


@dataclass(frozen=True)
class Unusable:
    """A file among the masks that cannot be used: where, why, and what to do about it."""

    file: str
    why: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.file}: {self.why} {self.remedy}".rstrip()


@dataclass(frozen=True)
class FoundMasks:
    """What a folder of masks holds.

    Attributes:
        folder: That was looked at.
        masks: The usable ones, each a group of its own.
        unusable: The others.
        notes: What should be said of some of them, and how they differ from what the model has seen, a line each.
    """

    folder: Path
    masks: tuple[BatchMask, ...]
    unusable: tuple[Unusable, ...]
    notes: tuple[str, ...]


def read_mask(folder: Path, file: str) -> tuple[LabelMap, tuple[str, ...]]:
    """A mask in the standard table's values, and what should be said of it.

    Args:
        folder: The folder of masks. A `dataset.json` in it, or beside it when it is called labelsTr or the like, names
            the values.
        file: Path relative to it.

    Raises:
        InputError: It cannot be read as labels.
    """
    path = folder / file
    labels, notes = read_labels_with_notes(path)
    source = folder.parent if is_word_of_kind(folder.name) else folder
    standard, more, _ = in_standard_values(labels, names_beside(path.parent, source))
    return standard, (*notes, *more)


def look_at_masks(
    folder: Path,
    info: ModelInfo,
    progress: Progress = lambda done, total, what: None,
    cancelled: Callable[[], bool] = lambda: False,
) -> FoundMasks:
    """Read every mask in a folder and the folders below it.

    Files that are no images (texts, tables, what begins with a dot) are passed over.

    Args:
        folder: The folder of masks.
        info: The model that shall follow them.
        progress: Told how many files of how many are done.
        cancelled: Asked before each file.

    Raises:
        InputError: No such folder, nothing in it, or two masks of the same name.
        Cancelled: `cancelled` said so.
    """
    files, looked = _files(folder), _Looked(info)
    for number, file in enumerate(files):
        if cancelled():
            raise Cancelled("The masks were not looked at to the end.")
        progress(number, len(files), f"Looking at {file}")
        looked.at(folder, file)
    _check_names(looked.masks)
    return FoundMasks(folder, tuple(looked.masks), tuple(looked.unusable), (*looked.notes, *looked.doubts()))


@dataclass
class _Looked:
    """What has come of the files so far."""

    info: ModelInfo
    masks: list[BatchMask] = field(default_factory=list)
    unusable: list[Unusable] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    _findings: dict[str, dict[str, str]] = field(default_factory=dict)

    def at(self, folder: Path, file: str) -> None:
        """Look at one more file."""
        try:
            mask, said, fits = _looked_at(folder, file, self.info)
        except InputError as error:
            self.unusable.append(Unusable(file, error.message, error.remedy))
            return
        self.masks.append(mask)
        self.notes += [f"{file}: {note}" for note in said]
        titles = {name.replace("_", " ").lower() for name in mask.labels}
        for fit in fits:
            of_label = fit.what.removesuffix(_SIZE).lower() in titles  # there may be a hundred of them
            what, reason = ("Sizes of labels", f"{fit.what}, {fit.reason}") if of_label else (fit.what, fit.reason)
            self._findings.setdefault(f"{what} ({fit.level})", {}).setdefault(file, reason)

    def doubts(self) -> Iterator[str]:
        """In what the masks differ from what the model has seen, a line for each kind."""
        for what, reasons in self._findings.items():
            masks = "1 mask" if len(reasons) == 1 else f"{len(reasons)} masks"
            yield f"{what} in {masks}, for example: {next(iter(reasons.values()))}"


def _files(folder: Path) -> list[str]:
    """Paths of what could be masks, relative to the folder, in order."""
    if not folder.is_dir():
        what = "is a file" if folder.exists() else "does not exist"
        raise InputError(f"{folder} {what}.", "Give the folder that holds the masks.")
    try:
        paths = sorted(path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    except OSError as error:
        raise UnreadableFile(f"{folder} cannot be read: {error.strerror}.", "Check its permissions.") from error
    seen = [path for path in paths if not any(part.startswith(".") for part in path.parts)]
    files = [path.as_posix() for path in seen if may_be_image(folder / path)]
    if not files:
        raise InputError(f"There is no mask in {folder}.", "Put label files there: NIfTI, NRRD or MHA.")
    return files


def _looked_at(folder: Path, file: str, info: ModelInfo) -> tuple[BatchMask, tuple[str, ...], list[Fit]]:
    """A mask, what should be said of it, and what of it the model has not seen.

    Raises:
        InputError: It cannot be used.
    """
    check_kind(folder / file)
    labels, notes = read_mask(folder, file)
    rows, columns = labels.grid.shape[1:]
    if min(rows, columns) < MIN_VOXELS:
        raise GeometryError(
            f"It has slices of {columns} x {rows} voxels.", f"At least {MIN_VOXELS} x {MIN_VOXELS} are needed."
        )
    if not labels.array.any():
        raise MaskError("It is empty: no voxel has a label.", "Paint a label, or take the file away.")
    known = _known_alone(labels, info)
    if not known.array.any():
        names = ", ".join(label for label in counted(labels.array))
        raise MaskError(f"The model {info.name} knows none of its labels ({names}).", "Use TotalSegmentator's names.")
    mask = BatchMask(
        name=_name_of(file),
        file=file,
        group=file,
        digest=digest(labels.array),
        shape=labels.grid.shape,
        slabs=tuple(_runs(known.array)),
        labels=counted(known.array),
    )
    seen = assess(info, labels, labels.grid, info.ranges.dose.high if info.ranges.dose else 1.0)
    return mask, notes, [fit for fit in seen if fit.level != "green"]


def _known_alone(labels: LabelMap, info: ModelInfo) -> LabelMap:
    """The labels that the model knows; the image will not show the others."""
    table = np.zeros(256, np.uint8)
    known = set(info.ranges.labels)
    for label in standard_table():
        table[label.value] = label.value if label.name in known else 0
    return replace(labels, array=table[labels.array])


def _runs(array: NDArray[np.uint8]) -> Iterator[tuple[int, int]]:
    """(first, count) of each run of axial slices that hold a label."""
    held = np.array([bool(plane.any()) for plane in array])
    edges = np.flatnonzero(np.diff(np.concatenate([[False], held, [False]]).astype(np.int8)))
    for first, after in zip(edges[::2], edges[1::2], strict=True):
        yield int(first), int(after - first)


def _name_of(file: str) -> str:
    """What the cases of a mask are called: "p1/labels.nii.gz" and "p1_mask.nii.gz" are "p1"."""
    path = Path(file)
    told = read_name(path.parts[:-1], stem(path))
    words = [part for part in (*told.folder.split("/"), told.stem) if part] or [stem(path)]
    return _IN_NAMES.sub("_", "_".join(words)).strip("_") or "mask"


def _check_names(masks: list[BatchMask]) -> None:
    files: dict[str, str] = {}
    for mask in masks:
        other = files.setdefault(mask.name.casefold(), mask.file)
        if other != mask.file:
            raise InputError(
                f"The cases of {other} and of {mask.file} would have the same name, {mask.name}.",
                "Rename one of the two files, or take one away.",
            )
