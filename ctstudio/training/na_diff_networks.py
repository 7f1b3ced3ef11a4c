"""The networks of a from-scratch run of NA-Diff: what it has trained so far, and what it borrows."""

from __future__ import annotations

import json
from typing import Any, TypeVar

import torch
from diffusers import AutoencoderKL
from open_clip.model import CLIP

from ctstudio.catalog.recipe import Recipe, SliceRecipe, TrainRecipe
from ctstudio.catalog.recipe_parts import StageSettings
from ctstudio.catalog.shelf import check, find_model, part_folder
from ctstudio.core.errors import ParameterError
from ctstudio.nets.clip import WordTokenizer, build_clip
from ctstudio.nets.segmenter import build_segmenter
from ctstudio.nets.weight_files import WEIGHTS, load_weights
from ctstudio.systems.na_diff.config import NaDiffConfig
from ctstudio.systems.na_diff.layout import LayoutNetwork
from ctstudio.systems.na_diff.network import NaDiffNetwork
from ctstudio.systems.na_diff.weights import DENOISER, load_clip, load_vae
from ctstudio.training.lenders import lender_of, lent_settings
from ctstudio.training.run import Run, restored
from ctstudio.training.stages.clip import clip_config
from ctstudio.training.stages.vae import build_vae

Settings = TypeVar("Settings", bound=StageSettings)
STATISTICS, VOCABULARY = "latent_statistics.json", "vocabulary.json"


def sliced(recipe: Recipe) -> SliceRecipe:
    """A recipe as one of NA-Diff, which learns from slices.

    Raises:
        ParameterError: It is one of another system.
    """
    if not isinstance(recipe, SliceRecipe):
        raise ParameterError(f"The recipe {recipe.name} is not one of NA-Diff.", "Choose one: ctstudio train --list.")
    return recipe


def recipe_of(run: Run) -> TrainRecipe:
    """The run's recipe, which is one from scratch."""
    if not isinstance(run.recipe, TrainRecipe):
        raise TypeError(f"{run.recipe.name} does not train from scratch")
    return run.recipe


def config_of(run: Run) -> NaDiffConfig:
    """The network's configuration, with what lenders decide, and the latent statistics once the VAE is trained."""
    recipe = recipe_of(run)
    settings = {**recipe.network, **lent_settings(recipe)}
    statistics = run.folder / "checkpoints" / STATISTICS
    if statistics.exists():
        settings.update(json.loads(statistics.read_text(encoding="utf-8")))
    return NaDiffConfig.model_validate(settings)


def own_vae(run: Run) -> AutoencoderKL:
    """The autoencoder that the run trains, untrained."""
    return build_vae(needed(recipe_of(run).vae, "vae"), config_of(run))


def trained_vae(run: Run) -> AutoencoderKL:
    """The autoencoder of the run, evaluation mode, its own or a borrowed one."""
    lender = lender_of(recipe_of(run), "vae")
    if lender is not None:
        return load_vae(part_folder(lender, "vae")).eval().requires_grad_(False)
    return restored(run, "vae", own_vae(run))


def own_clip(run: Run, tokenizer: WordTokenizer) -> tuple[CLIP, dict[str, Any]]:
    """CLIP that the run trains, untrained, and its configuration."""
    settings = needed(recipe_of(run).clip, "clip")
    config = clip_config(settings, tokenizer.vocab_size, config_of(run).clip_dim)
    return build_clip(config), config


def trained_clip(run: Run) -> tuple[CLIP, WordTokenizer, dict[str, Any]]:
    """CLIP that the run has trained, its tokenizer and configuration."""
    tokenizer = WordTokenizer.from_file(run.folder / "checkpoints" / VOCABULARY)
    network, config = own_clip(run, tokenizer)
    return restored(run, "clip", network), tokenizer, config  # type: ignore[return-value]


def encoder_of(run: Run) -> CLIP:
    """CLIP of the run, evaluation mode, its own or a borrowed one."""
    lender = lender_of(recipe_of(run), "clip")
    if lender is not None:
        return load_clip(part_folder(lender, "clip")).eval().requires_grad_(False)
    return trained_clip(run)[0]


def own_segmenter(run: Run) -> torch.nn.Module:
    """The segmenter that the run trains, untrained."""
    features = needed(recipe_of(run).segmenter, "segmenter").features
    return build_segmenter(features, len(config_of(run).label_groups))


def trained_segmenter(run: Run) -> torch.nn.Module:
    """The segmenter that the run has trained."""
    return restored(run, "segmenter", own_segmenter(run))


def trained_layout(run: Run) -> LayoutNetwork:
    """The layout network of the run."""
    return restored(run, "layout", LayoutNetwork(config_of(run)))  # type: ignore[return-value]


def trained_denoiser(run: Run, which: str = "last") -> NaDiffNetwork:
    """The denoiser of the run: the moving average, the newest or the best."""
    return restored(run, "denoiser", NaDiffNetwork(config_of(run)), which)  # type: ignore[return-value]


def starting_denoiser(recipe: TrainRecipe) -> NaDiffNetwork:
    """The denoiser of the model that a recipe starts from.

    Raises:
        ModelNotFound, DigestMismatch: It is not there, or not what its model.json says.
        ParameterError: It belongs to another system.
    """
    model = find_model(recipe.start)
    if model.info.system != recipe.system:
        raise ParameterError(
            f"The model {model.info.name} belongs to {model.info.system}, the recipe to {recipe.system}.",
            "Choose a model of the recipe's system as start: ctstudio models list.",
        )
    check(model)
    network = NaDiffNetwork(NaDiffConfig.model_validate(model.info.config))
    load_weights(network, model.folder / DENOISER / WEIGHTS)
    return network


def needed(settings: Settings | None, part: str) -> Settings:
    """The settings of a part that the recipe trains."""
    if settings is None:
        raise TypeError(f"the recipe does not train a {part}")
    return settings
