"""Recipes as TOML files, found and read alike by the window and the trainer."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, TypeAdapter, ValidationError

from ctstudio.catalog.recipe import Recipe
from ctstudio.core.errors import ParameterError
from ctstudio.core.resources import resources_dir

_ANY: TypeAdapter[Recipe] = TypeAdapter(Annotated[Recipe, Field(discriminator="kind")])


def recipes_dir() -> Path:
    """The folder of recipes that come with the program."""
    return resources_dir() / "recipes"


def list_recipes() -> list[Recipe]:
    """All recipes that come with the program, by name."""
    return [_read(path, {}) for path in sorted(recipes_dir().rglob("*.toml"))]


def load_recipe(name_or_path: str, changes: dict[str, str] | None = None) -> Recipe:
    """A recipe by name ("demo/na-diff") or path, with single values replaced.

    Args:
        name_or_path: Name under `resources/recipes`, or the path of a TOML file.
        changes: Dotted key to new value, as text: {"denoiser.steps": "100"}.

    Raises:
        ParameterError: No such recipe, an unknown key, or a value that does not fit.
    """
    path = Path(name_or_path)
    if path.suffix != ".toml":
        path = recipes_dir() / f"{name_or_path}.toml"
    if not path.is_file():
        names = ", ".join(str(p.relative_to(recipes_dir()).with_suffix("")) for p in recipes_dir().rglob("*.toml"))
        raise ParameterError(f"There is no recipe {name_or_path!r}.", f"Choose one of: {names}.")
    return _read(path, changes or {})


def recipe_from(settings: dict[str, Any], changes: dict[str, str] | None = None, where: str = "the recipe") -> Recipe:
    """A recipe from its JSON values, with single values replaced.

    Raises:
        ParameterError: An unknown key, or a value that does not fit.
    """
    try:
        data = _ANY.validate_python(settings).model_dump(mode="json")  # with defaults, so that they can be replaced too
        for key, value in (changes or {}).items():
            _replace(data, key.split("."), value)
        return _ANY.validate_python(data)
    except ValidationError as error:
        first = error.errors()[0]
        parts = [str(part) for part in first["loc"][1:]]  # the first is the kind
        key = ".".join(parts[:1] + parts[2:] if parts[0:1] == ["data"] else parts)  # and one the source of the data
        raise ParameterError(
            f"{key or 'kind'} in {where}: {first['msg']}.", "Correct the recipe or --set.", str(error)
        ) from error


def _read(path: Path, changes: dict[str, str]) -> Recipe:
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ParameterError(f"{path.name} is not valid TOML: {error}.", "Correct the recipe.") from error
    return recipe_from(data, changes, path.name)


def _replace(data: dict[str, Any], keys: list[str], value: str) -> None:
    for key in keys[:-1]:
        data = data.get(key, {}) if isinstance(data, dict) else {}
    if not isinstance(data, dict) or keys[-1] not in data:
        raise ParameterError(f"The recipe has no value {'.'.join(keys)!r}.", "See `ctstudio train --list`.")
    try:
        data[keys[-1]] = tomllib.loads(f"value = {value}")["value"]
    except tomllib.TOMLDecodeError:
        data[keys[-1]] = value
