"""The files of a prepared data set: arrays that numpy maps into memory, in a folder that is whole or not there."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ctstudio.catalog.dataset import Kind
from ctstudio.core.errors import InputError
from ctstudio.io.dataset_case import PreparedCase
from ctstudio.io.storage import check_free_space, free_space_needed, storage_errors, write_text

CASES = "cases"


@contextmanager
def folder_in_the_making(out: Path) -> Iterator[Path]:
    """A hidden folder beside `out` that takes its name when the block ends well, and goes when it does not.

    Raises:
        InputError: `out` holds something already.
        StorageError: The place cannot be written.
    """
    check_free_place(out)
    hidden = out.parent / f".{out.name}.{secrets.token_hex(4)}.part"
    with storage_errors(out):
        hidden.mkdir(parents=True)
    try:
        yield hidden
        check_free_place(out)
        with storage_errors(out):
            if out.is_dir():
                out.rmdir()
            os.replace(hidden, out)
    finally:
        shutil.rmtree(hidden, ignore_errors=True)


def check_free_place(out: Path) -> None:
    """Refuse a place that holds something.

    Raises:
        InputError: It is a file, or a folder that is not empty.
    """
    with storage_errors(out):
        taken = out.exists() and (not out.is_dir() or any(out.iterdir()))
    if taken:
        raise InputError(f"{out} exists already.", "Give a new folder: a data set in use must not change.")


def write_case(folder: Path, name: str, case: PreparedCase) -> dict[Kind, str]:
    """Write the arrays and the report of a case.

    Returns:
        Kind to path relative to `folder`, forward slashes.

    Raises:
        StorageError: Disk full or no permission.
    """
    place = folder / CASES / name
    check_free_space(folder, free_space_needed(*(array.nbytes for array in case.arrays.values())))
    with storage_errors(place):
        place.mkdir(parents=True)
    files: dict[Kind, str] = {}
    for kind, array in case.arrays.items():
        files[kind] = f"{CASES}/{name}/{kind}.npy"
        _write_array(folder / files[kind], array)
    if case.report:
        files["report"] = f"{CASES}/{name}/report.txt"
        write_text(case.report + "\n", folder / files["report"])
    return files


def _write_array(path: Path, array: NDArray[Any]) -> None:
    """An array as .npy, plane by plane, so that a full disk says that it is full."""
    with storage_errors(path), path.open("xb") as stream:
        np.lib.format.write_array_header_1_0(stream, np.lib.format.header_data_from_array_1_0(array))
        for plane in array:
            stream.write(np.ascontiguousarray(plane).tobytes())
        stream.flush()
        os.fsync(stream.fileno())
