"""Arrays that took long, kept in a folder, so that an evaluation that was stopped goes on where it was."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ctstudio.core.errors import InputError, StorageError

SETTINGS = "settings.json"


def kept(path: Path, make: Callable[[], NDArray[Any]]) -> NDArray[Any]:
    """The array in a file; made and written first when there is none. The file is there whole or not at all.

    Raises:
        StorageError: The file cannot be written.
    """
    if path.is_file():
        return np.load(path)
    array = make()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_name(f".{path.name}.part")
        with partial.open("wb") as stream:
            np.save(stream, array)
        os.replace(partial, path)
    except OSError as error:
        raise StorageError(f"{path} cannot be written.", "Choose a folder with room.", str(error)) from error
    return array


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
