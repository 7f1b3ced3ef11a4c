"""nnU-Net's raw layout: cases of one image and one label map, the index, and splits that part no patient.

Source: nnU-Net v2, documentation/dataset_format.md.

    DatasetNNN_Name/imagesTr/CASE_0000.nii.gz    one channel
    DatasetNNN_Name/labelsTr/CASE.nii.gz         0 background, 1, 2, … as dataset.json names them
    DatasetNNN_Name/dataset.json
    DatasetNNN_Name/splits_final.json            to be copied to nnU-Net's preprocessed folder
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from ctstudio.core.grid import Grid
from ctstudio.core.labels import Label, LabelMap, LabelTable, standard_table
from ctstudio.core.provenance import Provenance
from ctstudio.core.seeds import derived
from ctstudio.core.volume import Volume
from ctstudio.io.storage import write_text
from ctstudio.io.writing import write_labels, write_volume

IMAGES, LABELS = "imagesTr", "labelsTr"
INDEX, SPLITS = "dataset.json", "splits_final.json"
ENDING = ".nii.gz"
FOLDS = 5


def write_case(folder: Path, case: str, image: Volume, labels: LabelMap, provenance: Provenance) -> tuple[str, str]:
    """Write a case; the label map last, so that a case with labels is whole.

    Args:
        folder: Of the data set.
        case: Its name.
        image: The only channel.
        labels: On the same grid, values as in `dataset.json`.
        provenance: Goes inside both files.

    Returns:
        Paths of image and label map relative to `folder`.

    Raises:
        StorageError: Disk full or no permission.
    """
    files = f"{IMAGES}/{case}_0000{ENDING}", f"{LABELS}/{case}{ENDING}"
    write_volume(image, folder / files[0], provenance)
    write_labels(labels, folder / files[1], provenance)
    return files


def write_index(folder: Path, labels: Sequence[str], cases: int, told: Mapping[str, object]) -> None:
    """Write `dataset.json`.

    Args:
        folder: Of the data set.
        labels: Names of the values 1, 2, …
        cases: How many there are.
        told: More to say in it; nnU-Net ignores what it does not know.

    Raises:
        StorageError: Disk full or no permission.
    """
    index = {
        "channel_names": {"0": "CT"},
        "labels": {"background": 0} | {name: value for value, name in enumerate(labels, start=1)},
        "numTraining": cases,
        "file_ending": ENDING,
        **told,
    }
    write_text(json.dumps(index, indent=2) + "\n", folder / INDEX)


def write_splits(folder: Path, groups: Mapping[str, str]) -> int:
    """Write `splits_final.json`: folds in which no group lies in training and validation at once.

    Args:
        folder: Of the data set.
        groups: Case to group (mask or patient).

    Returns:
        How many folds there are; 0, and no file, with a single group.

    Raises:
        StorageError: Disk full or no permission.
    """
    folds = folds_of(groups)
    if folds:
        write_text(json.dumps(folds, indent=1) + "\n", folder / SPLITS)
    return len(folds)


def folds_of(groups: Mapping[str, str]) -> list[dict[str, list[str]]]:
    """Up to five folds, groups dealt as evenly as their cases allow; empty with a single group."""
    sizes: dict[str, int] = {}
    for group in groups.values():
        sizes[group] = sizes.get(group, 0) + 1
    count = min(FOLDS, len(sizes))
    if count < 2:
        return []
    order = sorted(sizes, key=lambda group: (-sizes[group], derived(0, "fold", group), group))
    loads = [0] * count
    fold_of: dict[str, int] = {}
    for group in order:
        fold = loads.index(min(loads))
        fold_of[group] = fold
        loads[fold] += sizes[group]
    return [
        {
            "train": sorted(case for case, group in groups.items() if fold_of[group] != fold),
            "val": sorted(case for case, group in groups.items() if fold_of[group] == fold),
        }
        for fold in range(count)
    ]


def consecutive(labels: LabelMap, names: Sequence[str], parts: Mapping[str, str] | None = None) -> LabelMap:
    """Labels of the standard table with the values 1, 2, … in the order of `names`; all others background.

    Args:
        labels: Values of the standard table.
        names: Of the labels to keep.
        parts: Further labels, and which of `names` they count as.
    """
    table = np.zeros(256, np.uint8)
    values = {name: value for value, name in enumerate(names, start=1)}
    known = standard_table()
    for name, value in {**values, **{part: values[whole] for part, whole in (parts or {}).items()}}.items():
        table[known.by_name(name).value] = value
    own = [Label(value, name, known.by_name(name).colour) for name, value in values.items()]
    return LabelMap(table[labels.array], labels.grid, LabelTable(tuple(own)), True, labels.name)


def cropped(volume: Volume, labels: LabelMap, slab: tuple[int, int], outside: float) -> tuple[Volume, LabelMap]:
    """The part of an image that was generated, with its labels: some axial slices, without the frame around them.

    Args:
        volume: (z, y, x).
        labels: On the same grid.
        slab: First slice, and how many.
        outside: Value of voxels that were not generated; rows and columns at the rim that hold nothing else go.

    Returns:
        Both on one smaller grid; all rows and columns when every voxel is `outside`.
    """
    first, count = slab
    planes = volume.array[first : first + count] != outside
    y, x = (_span(planes.any(axis=axes)) for axes in ((0, 2), (0, 1)))
    where = slice(first, first + count), y, x
    corner = volume.grid.to_world((first, y.start, x.start))
    shape = (count, y.stop - y.start, x.stop - x.start)
    origin = (float(corner[0]), float(corner[1]), float(corner[2]))
    grid = Grid(shape, volume.grid.spacing_mm, origin, volume.grid.direction)
    return (
        replace(volume, array=np.ascontiguousarray(volume.array[where]), grid=grid),
        replace(labels, array=np.ascontiguousarray(labels.array[where]), grid=grid),
    )


def _span(held: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> slice:
    found = np.flatnonzero(held)
    return slice(int(found[0]), int(found[-1]) + 1) if found.size else slice(0, held.size)
