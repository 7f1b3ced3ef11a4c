"""The networks that a from-scratch run of NA-Diff has trained so far."""

from __future__ import annotations

import json
from typing import Any

import torch
from diffusers import AutoencoderKL
from open_clip.model import CLIP

from ctstudio.catalog.recipe import TrainRecipe
from ctstudio.nets.clip import WordTokenizer, build_clip
from ctstudio.nets.segmenter import build_segmenter
from ctstudio.systems.na_diff.config import NaDiffConfig
from ctstudio.systems.na_diff.layout import LayoutNetwork
from ctstudio.systems.na_diff.network import NaDiffNetwork
from ctstudio.training.run import Run, restored
from ctstudio.training.stages.clip import clip_config
from ctstudio.training.stages.vae import build_vae

STATISTICS, VOCABULARY = "latent_statistics.json", "vocabulary.json"


def recipe_of(run: Run) -> TrainRecipe:
    """The run's recipe, which is one from scratch."""
    if not isinstance(run.recipe, TrainRecipe):
        raise TypeError(f"{run.recipe.name} does not train from scratch")
    return run.recipe


def config_of(run: Run) -> NaDiffConfig:
    """The network's configuration, with the latent statistics once the VAE is trained."""
    settings = dict(recipe_of(run).network)
    statistics = run.folder / "checkpoints" / STATISTICS
    if statistics.exists():
        settings.update(json.loads(statistics.read_text(encoding="utf-8")))
    return NaDiffConfig.model_validate(settings)


def trained_vae(run: Run) -> AutoencoderKL:
    """The autoencoder of the run, evaluation mode."""
    return restored(run, "vae", build_vae(recipe_of(run).vae, config_of(run)))


def trained_clip(run: Run) -> tuple[CLIP, WordTokenizer, dict[str, Any]]:
    """CLIP of the run, its tokenizer and configuration."""
    tokenizer = WordTokenizer.from_file(run.folder / "checkpoints" / VOCABULARY)
    config = clip_config(recipe_of(run).clip, tokenizer.vocab_size, config_of(run).clip_dim)
    return restored(run, "clip", build_clip(config)), tokenizer, config  # type: ignore[return-value]


def trained_segmenter(run: Run) -> torch.nn.Module:
    """The segmenter of the run."""
    features = recipe_of(run).segmenter.features
    return restored(run, "segmenter", build_segmenter(features, len(config_of(run).label_groups)))


def trained_layout(run: Run) -> LayoutNetwork:
    """The layout network of the run."""
    return restored(run, "layout", LayoutNetwork(config_of(run)))  # type: ignore[return-value]


def trained_denoiser(run: Run, which: str = "last") -> NaDiffNetwork:
    """The denoiser of the run: the moving average, the newest or the best."""
    return restored(run, "denoiser", NaDiffNetwork(config_of(run)), which)  # type: ignore[return-value]
