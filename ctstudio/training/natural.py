"""The first stage of a model, on natural images: its images, its training, and what the CT stages take over."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import torch
from diffusers import AutoencoderKL
from numpy.typing import NDArray

from ctstudio.catalog.recipe import ImageData, NaturalSettings, TextureData
from ctstudio.core.seeds import derived, stream
from ctstudio.systems.na_diff.config import NaDiffConfig
from ctstudio.systems.na_diff.natural import NaturalNetwork, carry_over, natural_config
from ctstudio.systems.na_diff.network import NaDiffNetwork
from ctstudio.training.na_diff_networks import config_of, recipe_of, trained_vae
from ctstudio.training.photographs import grey_square, photographs_in
from ctstudio.training.run import Run, restored
from ctstudio.training.shards import joined, shards_in, write_missing
from ctstudio.training.slices import REALISATIONS
from ctstudio.training.stages.natural import NaturalEncoded, NaturalLooker, NaturalStage, encode_picture
from ctstudio.training.textures import texture_picture

SHARD = 16
"""Images a shard."""

HELD_OUT = 16
"""Images that the stage is judged on and not trained on: the last ones."""

Picture = Callable[[], NDArray[np.float32]]


def images(run: Run) -> None:
    """The images with noise, encoded."""
    run.watcher.begin("images")
    settings, config = _settings(run), config_of(run)
    pictures, skipped = _pictures(settings.data, config.image_size)
    for line in skipped:
        run.say(line)
    vae, count = trained_vae(run).to(run.accelerator.device), len(pictures)
    for first in range(0, count, SHARD):
        target = run.cache / "natural" / f"images_{first:06d}.npz"
        write_missing(target, partial(_shard, run, pictures[first : first + SHARD], first, vae, config))
        run.watcher.progress(min(first + SHARD, count), count)


def natural(run: Run) -> None:
    """The trunk, told the noise maps token by token."""
    settings = _settings(run)
    every = joined(shards_in(run.cache / "natural"), NaturalEncoded)
    held, trained = _parted(every)
    network = NaturalNetwork(natural_config(config_of(run)))
    judged = settings.model_copy(update={"batch": HELD_OUT})
    looker = NaturalLooker(NaturalStage(network, held, judged))
    run.train("natural", NaturalStage(network, trained, settings), settings, looker)


def begin_naturally(run: Run, network: NaDiffNetwork) -> None:
    """Put the trunk of the natural stage into a CT network."""
    source = restored(run, "natural", NaturalNetwork(natural_config(config_of(run))))
    carry_over(source, network)  # type: ignore[arg-type]


def natural_in_words(settings: NaturalSettings) -> str:
    """What the stage's images are, for `model.json`."""
    data = settings.data
    if isinstance(data, TextureData):
        last = data.first_seed + data.images - 1
        what = f"{data.images} pictures of textured shapes made by code (seeds {data.first_seed} to {last})"
    else:
        what = f"at most {data.images} photographs of the folder {Path(data.folder).name}, grey"
    return f"{what}, simulated CT noise at {', '.join(f'{dose:.0%}' for dose in settings.doses)} dose"


def check_images(settings: NaturalSettings, size: int) -> None:
    """Name what is wrong with the images before anything is made.

    Raises:
        InputError: No such folder, or too few photographs in it.
    """
    if isinstance(settings.data, ImageData):
        photographs_in(Path(settings.data.folder), size)


def _settings(run: Run) -> NaturalSettings:
    settings = recipe_of(run).natural
    if settings is None:
        raise TypeError(f"{run.recipe.name} has no stage on natural images")
    return settings


def _pictures(data: TextureData | ImageData, size: int) -> tuple[list[Picture], tuple[str, ...]]:
    if isinstance(data, TextureData):
        return [partial(texture_picture, data.first_seed + n, size) for n in range(data.images)], ()
    found = photographs_in(Path(data.folder), size)
    count = min(data.images, len(found.usable))
    rows = np.linspace(0, len(found.usable) - 1, count).astype(int)
    return [partial(grey_square, found.usable[row], size) for row in rows], found.skipped


def _shard(run: Run, pictures: list[Picture], first: int, vae: AutoencoderKL, config: NaDiffConfig) -> NaturalEncoded:
    settings, parts = _settings(run), []
    for number, picture in enumerate(pictures, start=first):
        random = stream(run.recipe.seed, "natural doses", number)
        doses = random.choice(np.asarray(settings.doses, np.float32), REALISATIONS)
        generator = torch.Generator().manual_seed(derived(run.recipe.seed, "natural noise", number))
        parts.append(encode_picture(vae, config, picture(), doses, generator, settings.scaled))
    return NaturalEncoded(
        np.concatenate([part.latents for part in parts]), np.concatenate([part.map_latents for part in parts])
    )


def _parted(every: NaturalEncoded) -> tuple[NaturalEncoded, NaturalEncoded]:
    """Images to judge on, and images to train on; the same where there are too few for both."""
    if len(every.latents) <= HELD_OUT:
        return every, every
    last, others = slice(-HELD_OUT, None), slice(None, -HELD_OUT)
    return tuple(NaturalEncoded(every.latents[part], every.map_latents[part]) for part in (last, others))  # type: ignore[return-value]
