"""All that can be wrong with a run and be named before its first step."""

from __future__ import annotations

import os
from pathlib import Path

import torch
from pydantic import ValidationError

from ctstudio.catalog.recipe import FineTuneRecipe, Recipe, StageSettings, TrainRecipe
from ctstudio.core.errors import ParameterError, StorageError
from ctstudio.core.labels import values_of
from ctstudio.systems.na_diff.config import NaDiffConfig
from ctstudio.systems.na_diff.network import NaDiffNetwork
from ctstudio.training.data import check_data
from ctstudio.training.fine_tune import adapted, base_of
from ctstudio.training.run import Run
from ctstudio.training.slices import PIXEL_MM, SIZE

SYSTEM = "na_diff"


def check_run(recipe: Recipe, folder: Path, resume: bool, processes: int = 1) -> None:
    """Name what is wrong; nothing is written.

    Args:
        recipe: What is wanted.
        folder: Where the run would lie.
        resume: Whether it goes on.
        processes: That share each batch.

    Raises:
        CtStudioError: Recipe, data, base model or folder cannot be used.
    """
    if recipe.system != SYSTEM:
        raise ParameterError(f"No recipe trains the system {recipe.system!r}.", f'Set system = "{SYSTEM}".')
    if not resume and (folder / "checkpoints").exists():
        raise ParameterError(f"{folder} already holds a training run.", "Add --resume, or choose another folder.")
    check_data(recipe.data)
    _check_batches(recipe, processes)
    if isinstance(recipe, TrainRecipe):
        _check_networks(recipe)
        return
    config = NaDiffConfig.model_validate(base_of(Run(recipe, folder, None, None)).info.config)  # type: ignore[arg-type]
    _check_slices(config, "the base model")
    if isinstance(recipe, FineTuneRecipe):
        with torch.device("meta"):
            network = NaDiffNetwork(config)
        adapted(network, recipe.adapt.model_copy(update={"rank": 1}))


def make_place(folder: Path) -> None:
    """The run's folder, which can be written.

    Raises:
        StorageError: It cannot.
    """
    try:
        (folder / "checkpoints").mkdir(parents=True, exist_ok=True)
        probe = folder / f".probe.{os.getpid()}"
        probe.write_bytes(b"")
        probe.unlink()
    except OSError as error:
        raise StorageError(
            f"{folder} cannot be written: {error.strerror or error}.", "Choose another folder, or make room."
        ) from error


def _check_batches(recipe: Recipe, processes: int) -> None:
    for name, settings in recipe:
        if isinstance(settings, StageSettings) and settings.batch % (processes * settings.accumulate):
            parts = processes * settings.accumulate
            raise ParameterError(
                f"A batch of {settings.batch} cannot be shared by {parts} parts (processes times accumulated parts).",
                f"Set {name}.batch to a multiple of {parts}.",
            )


def _check_networks(recipe: TrainRecipe) -> None:
    try:
        config = NaDiffConfig.model_validate(recipe.network)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in ("network", *first["loc"]))
        raise ParameterError(f"{key} in the recipe: {first['msg']}.", "Correct the recipe or --set.") from error
    values_of(name for names in config.label_groups.values() for name in names)
    _check_slices(config, "the recipe")
    factor = 2 ** (len(recipe.vae.block_out_channels) - 1)
    wrong = {
        f"vae.block_out_channels shrinks by {factor}, network.vae_factor is {config.vae_factor}": (
            factor != config.vae_factor
        ),
        f"vae.crop is no multiple of {config.vae_factor}": recipe.vae.crop % config.vae_factor > 0,
        f"network.hidden is no multiple of {config.heads} heads": config.hidden % config.heads > 0,
        f"{config.latent_side} latent pixels are no multiple of network.patch": config.latent_side % config.patch > 0,
    }
    for what in (what for what, true in wrong.items() if true):
        raise ParameterError(f"The networks do not fit together: {what}.", "Correct the recipe or --set.")


def _check_slices(config: NaDiffConfig, whose: str) -> None:
    if (config.image_size, config.pixel_mm) != (SIZE, PIXEL_MM):
        raise ParameterError(
            f"The network of {whose} sees slices of {config.image_size} pixels of {config.pixel_mm:g} mm.",
            f"Training makes slices of {SIZE} pixels of {PIXEL_MM:g} mm; choose such a network.",
        )
