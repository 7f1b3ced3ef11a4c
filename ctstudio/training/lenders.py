"""The models that lend a run from scratch parts it does not train."""

from __future__ import annotations

from typing import Any

from ctstudio.catalog.recipe import Part, TrainRecipe
from ctstudio.catalog.shelf import Model, find_model, part_folder
from ctstudio.core.errors import ParameterError

SETTINGS: dict[Part, tuple[str, ...]] = {
    "vae": (
        "window_level_hu",
        "window_width_hu",
        "vae_factor",
        "latent_channels",
        "image_channels",
        "latent_mean",
        "latent_std",
    ),
    "clip": ("clip_dim",),
    "segmenter": ("label_groups",),
}
"""What a network must take over from the lender of a part."""


def lender_of(recipe: TrainRecipe, part: Part) -> Model | None:
    """The model that lends a part; None where the recipe trains it, or does without.

    Raises:
        ModelNotFound, DigestMismatch: It is not there, has no such part, or one that has changed.
        ParameterError: It belongs to another system.
    """
    name = recipe.borrow.get(part)
    if name is None:
        return None
    model = find_model(name)
    if model.info.system != recipe.system:
        raise ParameterError(
            f"{model.info.name}, which should lend its {part}, belongs to {model.info.system}, not to {recipe.system}.",
            "Name a model of the recipe's system.",
        )
    part_folder(model, part)
    return model


def lent_settings(recipe: TrainRecipe) -> dict[str, Any]:
    """What the lenders decide of the network.

    Raises:
        ParameterError: The recipe says something else, or two lenders do not agree.
        CtStudioError: See `lender_of`.
    """
    lent: dict[str, Any] = {}
    for part, keys in SETTINGS.items():
        model = lender_of(recipe, part)
        for key in keys if model else ():
            value = model.info.config.get(key)  # type: ignore[union-attr]
            if value is None:
                continue
            said = recipe.network.get(key, lent.get(key, value))
            if _plain(said) != _plain(value):
                raise ParameterError(
                    f"network.{key} does not fit the {part} of {model.info.name}.",  # type: ignore[union-attr]
                    f"Leave network.{key} out, or borrow the {part} of another model.",
                )
            lent[key] = value
    return lent


def _plain(value: Any) -> Any:
    """Lists and tuples alike."""
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    return [_plain(each) for each in value] if isinstance(value, list | tuple) else value
