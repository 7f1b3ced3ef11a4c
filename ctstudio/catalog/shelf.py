"""The models found on this machine."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from ctstudio.catalog.model_card import FILE_NAME, Borrowed, ModelInfo
from ctstudio.core.errors import DigestMismatch, ModelNotFound
from ctstudio.core.resources import bundled_models_dir

_CHUNK_BYTES = 1 << 20
_WEIGHTS = (".safetensors", ".bin", ".pt", ".pth", ".ckpt", ".pkl")


@dataclass(frozen=True)
class Model:
    """A model and the folder its weights lie in."""

    info: ModelInfo
    folder: Path


@dataclass(frozen=True)
class Shelf:
    """What a search found: the models, and what is wrong with the folders that could not be used."""

    models: tuple[Model, ...]
    notes: tuple[str, ...]


def own_models_dir() -> Path:
    """Where the user's own models lie."""
    from platformdirs import user_data_path

    return user_data_path("ctstudio", appauthor=False) / "models"


def model_folders(extra_folders: Iterable[Path | str] = ()) -> tuple[Path, ...]:
    """Where models are looked for: with the program, in the user's data folder, then the extra folders."""
    return (bundled_models_dir(), own_models_dir(), *(Path(folder).expanduser() for folder in extra_folders))


def look(extra_folders: Iterable[Path | str] = ()) -> Shelf:
    """Search all places. A broken model is noted and never keeps the others from being found."""
    models: dict[str, Model] = {}
    notes: list[str] = []
    for folder in _candidates(model_folders(extra_folders)):
        found = read_model(folder)
        if isinstance(found, str):
            notes.append(found)
        elif found.info.name in models:
            notes.append(f"{folder} is not used: {models[found.info.name].folder} has the same name.")
        else:
            models[found.info.name] = found
    return Shelf(tuple(models.values()), tuple(notes))


def find_models(extra_folders: Iterable[Path | str] = ()) -> list[Model]:
    """All usable models, in the order of the search."""
    return list(look(extra_folders).models)


def find_model(name_or_path: str | Path, extra_folders: Iterable[Path | str] = ()) -> Model:
    """One model by its name on the shelf or by its folder.

    Raises:
        ModelNotFound: No such name or folder, or its `model.json` is broken.
    """
    folder = Path(name_or_path).expanduser()
    if (folder / FILE_NAME).is_file():
        found = read_model(folder)
        if isinstance(found, Model):
            return found
        raise ModelNotFound(found, "Repair the file, or name another model.")
    shelf = look(extra_folders)
    for model in shelf.models:
        if model.info.name == str(name_or_path):
            return model
    there = ", ".join(m.info.name for m in shelf.models) or "none"
    remedy = "Name one of these, or give a model's folder."
    raise ModelNotFound(f"No model {str(name_or_path)!r} was found. There is: {there}.", remedy, "\n".join(shelf.notes))


def is_on_shelf(model: Model) -> bool:
    """Whether a model is found by its name, not only by its folder."""
    return any(found.folder.resolve() == model.folder.resolve() for found in find_models())


def check(model: Model) -> None:
    """Compare every file with its sha256.

    Raises:
        DigestMismatch: A file is missing, changed, or a weight file that `model.json` does not list.
    """
    wrong = [f"{name} is missing" for name in model.info.files if not (model.folder / name).is_file()]
    for name, expected in model.info.files.items():
        path = model.folder / name
        if path.is_file() and file_digest(path) != expected.lower():
            wrong.append(f"{name} is not the file that {FILE_NAME} describes")
    for path in sorted(model.folder.rglob("*")):
        if path.suffix.lower() in _WEIGHTS and path.relative_to(model.folder).as_posix() not in model.info.files:
            wrong.append(f"{path.relative_to(model.folder).as_posix()} is not listed in {FILE_NAME}")
    _refuse(model, wrong)
    for part in model.info.borrows:
        lender = part_folder(model, part).parent
        borrowed = model.info.borrows[part].files
        changed = [name for name, digest in borrowed.items() if file_digest(lender / name) != digest.lower()]
        _refuse(model, [f"{name}, which {lender.name} lends, has changed" for name in changed])


def part_folder(model: Model, part: str) -> Path:
    """Where a part of a model lies: in its own folder, or in that of the model which lends it.

    Args:
        model: Whose part.
        part: Name of the subfolder, for example "vae".

    Raises:
        ModelNotFound: The lender is not there.
        DigestMismatch: The lender's part is not the one that this model was made with.
    """
    borrowed = model.info.borrows.get(part)
    if borrowed is None:
        return model.folder / part
    beside = model.folder.parent / borrowed.model
    lender = find_model(beside if (beside / FILE_NAME).is_file() else borrowed.model)
    theirs = {name: digest for name, digest in lender.info.files.items() if name in borrowed.files}
    if theirs != borrowed.files:
        raise DigestMismatch(
            f"The model {model.info.name} shares its {part} with {lender.info.name}, which now has another one.",
            f"Install the {lender.info.name} that it was made with.",
            str(lender.folder),
        )
    return lender.folder / part


def lend(lender: Model, part: str) -> Borrowed:
    """A part of a model, for another model's `borrows`; what the lender borrows itself is lent on.

    Raises:
        ModelNotFound: The lender has no such part.
    """
    if part in lender.info.borrows:
        return lender.info.borrows[part]
    files = {name: digest for name, digest in lender.info.files.items() if name.startswith(f"{part}/")}
    if not files:
        raise ModelNotFound(f"The model {lender.info.name} has no {part} to lend.", "Name a model that has one.")
    return Borrowed(model=lender.info.name, files=files)


def _refuse(model: Model, wrong: list[str]) -> None:
    if wrong:
        raise DigestMismatch(
            f"The model {model.info.name} cannot be trusted: {'; '.join(wrong)}.",
            "Install the model again.",
            str(model.folder),
        )


def file_digest(path: Path) -> str:
    """sha256 of a file, hexadecimal."""
    hasher = hashlib.sha256()
    with path.open("rb") as stream:
        while chunk := stream.read(_CHUNK_BYTES):
            hasher.update(chunk)
    return hasher.hexdigest()


def read_model(folder: Path) -> Model | str:
    """The model in a folder, or one sentence about why it cannot be used."""
    path = folder / FILE_NAME
    try:
        return Model(ModelInfo.model_validate_json(path.read_bytes()), folder)
    except OSError as error:
        return f"{path} cannot be read: {error.strerror or error}."
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        return f"{path} cannot be used: {where + ': ' if where else ''}{first['msg']}."


def _candidates(places: Iterable[Path]) -> Iterator[Path]:
    """Folders with a `model.json`: each place itself, or its direct subfolders."""
    seen: set[Path] = set()
    for place in places:
        for folder in (place, *_subfolders(place)):
            if folder.resolve() not in seen and (folder / FILE_NAME).is_file():
                seen.add(folder.resolve())
                yield folder


def _subfolders(place: Path) -> list[Path]:
    try:
        return sorted(p for p in place.iterdir() if p.is_dir())
    except OSError:
        return []
