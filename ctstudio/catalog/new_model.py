"""A new model's folder on the shelf: there whole, or not at all."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ctstudio.catalog.shelf import check, find_model, look
from ctstudio.core.errors import ParameterError, StorageError

_FORBIDDEN = '/\\:*?"<>|'


def free_place(shelf: Path, name: str, replace: bool = False) -> Path:
    """Where a model of this name will lie.

    Args:
        shelf: Folder of models.
        name: Of the new model; also its folder's.
        replace: Whether it may take the place of a model in that folder.

    Raises:
        ParameterError: The name is taken, or cannot be one.
    """
    if not name or name.startswith(".") or any(c in _FORBIDDEN or not c.isprintable() for c in name):
        raise ParameterError(f"{name!r} cannot be the name of a model.", "Use letters, digits, '-' and '_'.")
    target = shelf / name
    if target.exists() and not replace:
        raise ParameterError(f"There is a model called {name} already.", "Choose another name.")
    for model in look((shelf,)).models:
        if model.info.name == name and model.folder.resolve() != target.resolve():
            raise ParameterError(f"{model.folder} holds a model called {name} already.", "Choose another name.")
    return target


@contextmanager
def new_model_folder(shelf: Path, name: str, replace: bool = False) -> Iterator[Path]:
    """An empty folder to fill, which becomes `shelf / name` at the end; nothing is left of it after an error.

    Raises:
        ParameterError: See `free_place`.
        StorageError: The shelf cannot be written.
    """
    target = free_place(shelf, name, replace)
    partial, old = shelf / f".{name}.{os.getpid()}", shelf / f".{name}.{os.getpid()}.old"
    try:
        shelf.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir()
        yield partial
        if target.exists():
            os.rename(target, old)
        os.rename(partial, target)
    except OSError as error:
        if old.exists() and not target.exists():
            os.rename(old, target)
        raise StorageError(f"{target} cannot be written: {error}.", "Make room, or check its rights.") from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)
        shutil.rmtree(old, ignore_errors=True)


def adopt(
    source: Path, name: str, system: str, shelf: Path, replace: bool = False, dry_run: bool = False
) -> tuple[Path, int]:
    """Copy a folder that is a model already onto the shelf, after its digests were compared.

    Args:
        source: With `model.json`.
        name: It will have here.
        system: It must belong to.
        shelf: Folder of models.
        replace: Take the place of a model of that name.
        dry_run: Only compare.

    Returns:
        The model's folder, and how many files it has.

    Raises:
        ModelNotFound, DigestMismatch: It is broken, or a model that lends it a part is not here.
        ParameterError: It belongs to another system, or the name cannot be used.
        StorageError: The shelf cannot be written.
    """
    model = find_model(source)
    if model.info.system != system:
        raise ParameterError(
            f"The model in {source} belongs to {model.info.system}, not to {system}.",
            f"Give --system {model.info.system}.",
        )
    check(model)
    if not dry_run:
        with new_model_folder(shelf, name, replace) as folder:
            for file in model.info.files:
                (folder / file).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(source / file, folder / file)
            model.info.model_copy(update={"name": name}).write(folder)
    return shelf / name, len(model.info.files)
