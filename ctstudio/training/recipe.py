"""Recipes: everything that decides a training run, as a TOML file."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from ctstudio.core.errors import ParameterError
from ctstudio.core.resources import resources_dir
from ctstudio.training.loop import Schedule


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class DataSettings(_Strict):
    """Phantoms to train on: seeds 0 to `patients` - 1, `slices_each` axial slices of each."""

    patients: int
    slices_each: int


class StageSettings(_Strict):
    """What every stage has."""

    steps: int
    batch: int
    learning_rate: float
    warm_up: int = 100
    ema_decay: float = 0.998

    def schedule(self, seed: int) -> Schedule:
        """For the loop."""
        return Schedule(self.steps, self.learning_rate, self.warm_up, self.ema_decay, seed=seed)


class VaeSettings(StageSettings):
    """The autoencoder; `crop` is the edge of its training crops in pixels."""

    crop: int
    block_out_channels: tuple[int, ...]


class ClipSettings(StageSettings):
    """The image and text encoder."""

    context_length: int
    width: int
    layers: int
    image_side: int
    image_patch: int


class SegmenterSettings(StageSettings):
    """The segmenter that measures generated slices; `features` as in MONAI's BasicUNet."""

    features: tuple[int, int, int, int, int, int]


class FigureSettings(_Strict):
    """How many held-out slices each figure of the finished model is measured on."""

    mask_slices: int = 100
    dose_anatomies: int = 20
    vae_slices: int = 8
    look_slices: int = 16
    bank_slices: int = 1000
    calibration_anatomies: int = 8


class Recipe(_Strict):
    """A whole training run."""

    name: str
    title: str
    about: str
    system: str
    model_name: str
    seed: int = 0
    data: DataSettings
    network: dict[str, Any]
    vae: VaeSettings
    clip: ClipSettings
    segmenter: SegmenterSettings
    layout: StageSettings
    denoiser: StageSettings
    figures: FigureSettings = FigureSettings()


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


def _read(path: Path, changes: dict[str, str]) -> Recipe:
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
        data = Recipe.model_validate(data).model_dump(mode="json")  # with defaults, so that they can be replaced too
        for key, value in changes.items():
            _replace(data, key.split("."), value)
        return Recipe.model_validate(data)
    except tomllib.TOMLDecodeError as error:
        raise ParameterError(f"{path.name} is not valid TOML: {error}.", "Correct the recipe.") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise ParameterError(f"{where} in {path.name}: {first['msg']}.", "Correct the recipe or --set.") from error


def _replace(data: dict[str, Any], keys: list[str], value: str) -> None:
    for key in keys[:-1]:
        data = data.get(key, {}) if isinstance(data, dict) else {}
    if not isinstance(data, dict) or keys[-1] not in data:
        raise ParameterError(f"The recipe has no value {'.'.join(keys)!r}.", "See `ctstudio train --list`.")
    try:
        data[keys[-1]] = tomllib.loads(f"value = {value}")["value"]
    except tomllib.TOMLDecodeError:
        data[keys[-1]] = value
