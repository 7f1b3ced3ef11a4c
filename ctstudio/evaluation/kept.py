"""Arrays and figures that took long, kept in a folder, so that an evaluation that was stopped goes on where it was."""

from __future__ import annotations

import json
import os
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ctstudio.core.errors import InputError, StorageError

SETTINGS = "settings.json"

Figures = dict[str, float]
"""Numbers by name; NaN where something could not be measured."""


def kept(path: Path, make: Callable[[], NDArray[Any]]) -> NDArray[Any]:
    """The array in a file; made and written first when there is none. The file is there whole or not at all.

    Raises:
        StorageError: The file cannot be written.
    """
    if path.is_file():
        return np.load(path)
    array = make()
    written(path, lambda partial: _saved(partial, array))
    return array


def kept_packed(path: Path, make: Callable[[], NDArray[Any]]) -> NDArray[Any]:
    """As `kept`, in a third or so of the room: `path` ends in .npz. Half of a file is made again.

    Raises:
        StorageError: The file cannot be written.
    """
    if path.is_file():
        try:
            with np.load(path) as stored:
                return np.asarray(stored["array"])
        except (OSError, ValueError, KeyError, zipfile.BadZipFile):
            path.unlink(missing_ok=True)
    array = make()
    written(path, lambda partial: np.savez_compressed(partial, array=array))
    return array


def kept_figures(path: Path, measure: Callable[[], Figures]) -> Figures:
    """The figures in a file; measured and written first when there are none, or half of them.

    Raises:
        StorageError: The file cannot be written.
    """
    if path.is_file():
        try:
            found = json.loads(path.read_text(encoding="utf-8"))
            return {name: float("nan") if value is None else value for name, value in dict(found).items()}
        except (OSError, ValueError):
            path.unlink(missing_ok=True)
    figures = measure()
    plain = {name: value if np.isfinite(value) else None for name, value in figures.items()}
    written(path, lambda partial: partial.write_text(json.dumps(plain), encoding="utf-8"))
    return figures


def written(path: Path, write: Callable[[Path], object]) -> None:
    """Write a file, which is there whole or not at all; `write` is given a path of the same suffix.

    Raises:
        StorageError: It cannot be written.
    """
    partial = path.with_name(f".part_{path.name}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write(partial)
        os.replace(partial, path)
    except OSError as error:
        raise StorageError(f"{path} cannot be written.", "Choose a folder with room.", str(error)) from error


def _saved(path: Path, array: NDArray[Any]) -> None:
    with path.open("wb") as stream:
        np.save(stream, array)


def open_folder(folder: Path, settings: Mapping[str, Any]) -> None:
    """Make a folder for kept arrays, or go on with one of the same settings.

    Raises:
        InputError: It holds what was made with other settings, or something else.
        StorageError: It cannot be written.
    """
    path = folder / SETTINGS
    wanted = json.loads(json.dumps(settings))
    if path.is_file():
        found = _read(path)
        changed = [name for name in wanted if found.get(name) != wanted[name]]
        if changed:
            raise InputError(
                f"{folder} holds an evaluation with another {' and '.join(changed)}.",
                "Choose a new folder, or the settings of before.",
            )
        return
    if folder.is_dir() and any(folder.iterdir()):
        raise InputError(f"{folder} is not empty and holds no evaluation.", "Choose a new folder.")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(wanted, indent=2) + "\n", encoding="utf-8")
    except OSError as error:
        raise StorageError(f"{folder} cannot be written.", "Choose another folder.", str(error)) from error


def _read(path: Path) -> dict[str, Any]:
    try:
        return dict(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError) as error:
        raise InputError(f"{path} cannot be read.", "Choose a new folder.", str(error)) from error
