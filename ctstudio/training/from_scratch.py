"""NA-Diff from nothing, or from borrowed parts: every network, one stage after the other."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import torch
from diffusers import AutoencoderKL

from ctstudio.catalog.recipe import TrainRecipe
from ctstudio.core.seeds import stream
from ctstudio.nets.clip import WordTokenizer
from ctstudio.systems.na_diff.conditions import label_groups
from ctstudio.systems.na_diff.config import NaDiffConfig
from ctstudio.systems.na_diff.layout import LayoutNetwork
from ctstudio.systems.na_diff.natural import begin_from
from ctstudio.systems.na_diff.network import NaDiffNetwork
from ctstudio.training.calibration import calibrate_model
from ctstudio.training.data import RunPart, load_slices, make_slices
from ctstudio.training.export import export_trained
from ctstudio.training.figures import measure_model
from ctstudio.training.na_diff_networks import (
    STATISTICS,
    VOCABULARY,
    config_of,
    encoder_of,
    needed,
    own_clip,
    own_segmenter,
    own_vae,
    recipe_of,
    sliced,
    starting_denoiser,
    trained_vae,
)
from ctstudio.training.natural import begin_naturally, images, natural
from ctstudio.training.run import Run
from ctstudio.training.shards import joined, shards_in, write_missing
from ctstudio.training.slices import load_shards
from ctstudio.training.stages.clip import ClipStage, captions
from ctstudio.training.stages.denoiser import DenoiserStage, Encoded, encode_slices
from ctstudio.training.stages.layout import LayoutStage
from ctstudio.training.stages.segmenter import SegmenterStage
from ctstudio.training.stages.vae import VaeStage, latent_statistics
from ctstudio.training.validation import DenoiserLooker

STATISTICS_SLICES = 256
PARTS: tuple[RunPart, ...] = ("train", "validation")


def data(run: Run) -> None:
    """The slices of all patients."""
    run.watcher.begin("data")
    make_all(run, config_of(run))


def vae(run: Run) -> None:
    """The autoencoder, and the statistics of its latents."""
    recipe, config, slices = recipe_of(run), config_of(run), load_slices(run.cache / "slices", "train")
    network, settings = own_vae(run), needed(recipe.vae, "vae")
    run.train("vae", VaeStage(network, slices, settings, config), settings)
    some = stream(recipe.seed, "statistics").permutation(len(slices))[:STATISTICS_SLICES]
    images = torch.from_numpy(config.window.to_unit(slices.image_hu(some, np.zeros_like(some))))[:, None]
    mean, std = latent_statistics(network.cpu().eval(), images)
    path = run.folder / "checkpoints" / STATISTICS
    path.write_text(json.dumps({"latent_mean": mean, "latent_std": std}), encoding="utf-8")


def clip(run: Run) -> None:
    """The image and text encoder."""
    settings = needed(recipe_of(run).clip, "clip")
    config, slices = config_of(run), load_slices(run.cache / "slices", "train")
    kinds = ["slice noise map mask at dose percent " + " ".join(str(p) for p in range(5, 101))]
    tokenizer = WordTokenizer.from_texts(captions(slices) + kinds, settings.context_length)
    run.folder.joinpath("checkpoints").mkdir(exist_ok=True)
    tokenizer.save(run.folder / "checkpoints" / VOCABULARY)
    network, _ = own_clip(run, tokenizer)
    run.train("clip", ClipStage(network, tokenizer, slices, settings, config, label_groups(config)), settings)


def segmenter(run: Run) -> None:
    """The segmenter that measures."""
    settings = needed(recipe_of(run).segmenter, "segmenter")
    config, slices = config_of(run), load_slices(run.cache / "slices", "train")
    stage = SegmenterStage(own_segmenter(run), slices, settings, config, label_groups(config))
    run.train("segmenter", stage, settings)


def layout(run: Run) -> None:
    """The network that completes partial masks."""
    settings = needed(recipe_of(run).layout, "layout")
    config, slices = config_of(run), load_slices(run.cache / "slices", "train")
    run.train("layout", LayoutStage(LayoutNetwork(config), slices.labels, settings, label_groups(config)), settings)


def latents(run: Run) -> None:
    """All slices encoded."""
    run.watcher.begin("latents")
    encode_all(run, trained_vae(run), config_of(run))


def denoiser(run: Run) -> None:
    """The denoiser, from nothing, from the trunk of the stage on natural images, or from another model's denoiser."""
    recipe, config, settings = recipe_of(run), config_of(run), recipe_of(run).denoiser
    network, groups, encoder = NaDiffNetwork(config), label_groups(config), encoder_of(run)
    if recipe.natural is not None:
        begin_naturally(run, network)
    if recipe.start:
        begin_from(starting_denoiser(recipe), network)
    stage = DenoiserStage(network, encoder, load_latents(run, "train"), settings, groups)
    held = DenoiserStage(network, encoder, load_latents(run, "validation"), settings, groups)
    looker = DenoiserLooker(held, trained_vae(run), run.recipe.run)
    run.train("denoiser", stage, settings, looker)


def export(run: Run) -> None:
    """The model's folder."""
    run.watcher.begin("export")
    export_trained(run)


def calibrate(run: Run) -> None:
    """How the model answers its noise map."""
    run.watcher.begin("calibrate")
    calibrate_model(run)


def figures(run: Run) -> None:
    """What the model reaches on phantoms it never saw."""
    run.watcher.begin("figures")
    measure_model(run)


STAGES: dict[str, Callable[[Run], None]] = {
    "data": data,
    "vae": vae,
    "clip": clip,
    "segmenter": segmenter,
    "layout": layout,
    "latents": latents,
    "images": images,
    "natural": natural,
    "denoiser": denoiser,
    "export": export,
    "calibrate": calibrate,
    "figures": figures,
}


def stages_of(recipe: TrainRecipe) -> dict[str, Callable[[Run], None]]:
    """The stages that a recipe needs, in order.

    A part that is borrowed is not trained. Only a model that sees mask and noise map in place is calibrated: of others,
    what is measured in the liver is not noise alone.
    """
    absent = {part for part in ("vae", "clip", "segmenter", "layout") if getattr(recipe, part) is None}
    if recipe.natural is None:
        absent |= {"images", "natural"}
    if not recipe.network.get("spatial", False):
        absent.add("calibrate")
    return {name: stage for name, stage in STAGES.items() if name not in absent}


def make_all(run: Run, config: NaDiffConfig) -> None:
    """Make the slices of both parts as a network sees them."""
    for part in PARTS:
        make_slices(sliced(run.recipe).data, run.cache / "slices", part, run.watcher.progress, config.field_of_view)


def encode_all(run: Run, autoencoder: AutoencoderKL, config: NaDiffConfig) -> None:
    """Encode all slices, shard by shard."""
    shards = [(part, path) for part in PARTS for path in shards_in(run.cache / "slices" / part)]
    for done, (part, path) in enumerate(shards, start=1):
        target = run.cache / "latents" / part / path.name
        write_missing(target, partial(_encoded, path, autoencoder, config))
        run.watcher.progress(done, len(shards))


def _encoded(path: Path, autoencoder: AutoencoderKL, config: NaDiffConfig) -> Encoded:
    return encode_slices(autoencoder, load_shards(path), config)


def load_latents(run: Run, part: RunPart) -> Encoded:
    """The encoded slices of a part, in memory."""
    return joined(shards_in(run.cache / "latents" / part), Encoded)
