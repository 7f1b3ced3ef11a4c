"""All that can be wrong with a run and be named before its first step."""

from __future__ import annotations

import os
from pathlib import Path
from typing import get_args

import torch
from pydantic import ValidationError

from ctstudio.catalog.meddiff_recipe import MeddiffLesionRecipe, MeddiffRecipe
from ctstudio.catalog.medsyn_recipe import MedsynDistilRecipe, MedsynRecipe
from ctstudio.catalog.recipe import FineTuneRecipe, Part, Recipe, TrainRecipe, VaeSettings
from ctstudio.catalog.recipe_parts import StageSettings
from ctstudio.core.errors import ParameterError, StorageError
from ctstudio.core.labels import values_of
from ctstudio.systems.na_diff.config import NaDiffConfig
from ctstudio.systems.na_diff.natural import begin_from
from ctstudio.systems.na_diff.network import NaDiffNetwork
from ctstudio.training.data import check_data
from ctstudio.training.fine_tune import adapted, base_of
from ctstudio.training.lenders import lent_settings
from ctstudio.training.meddiff_checks import check_meddiff
from ctstudio.training.medsyn_checks import check_medsyn, check_medsyn_student
from ctstudio.training.na_diff_networks import starting_denoiser
from ctstudio.training.natural import check_images
from ctstudio.training.run import Run

SYSTEMS = {"medsyn": "medsyn", "medsyn-distil": "medsyn", "meddiff": "meddiff_fm", "meddiff-lesion": "meddiff_fm"}
"""What a kind of recipe trains; all others train NA-Diff."""


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
    system = SYSTEMS.get(recipe.kind, "na_diff")
    if recipe.system != system:
        raise ParameterError(f"This recipe cannot train the system {recipe.system!r}.", f'Set system = "{system}".')
    if not resume and (folder / "checkpoints").exists():
        raise ParameterError(f"{folder} already holds a training run.", "Add --resume, or choose another folder.")
    _check_batches(recipe, processes)
    if isinstance(recipe, MedsynRecipe):
        check_medsyn(recipe)
        return
    if isinstance(recipe, MedsynDistilRecipe):
        check_medsyn_student(recipe, base_of(Run(recipe, folder, None, None)).info.config)  # type: ignore[arg-type]
        return
    if isinstance(recipe, MeddiffRecipe | MeddiffLesionRecipe):
        check_meddiff(recipe)
        return
    check_data(recipe.data)
    if isinstance(recipe, TrainRecipe):
        _check_networks(recipe)
        return
    config = NaDiffConfig.model_validate(base_of(Run(recipe, folder, None, None)).info.config)  # type: ignore[arg-type]
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
    _check_parts(recipe)
    try:
        config = NaDiffConfig.model_validate({**recipe.network, **lent_settings(recipe)})
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in ("network", *first["loc"]))
        raise ParameterError(f"{key} in the recipe: {first['msg']}.", "Correct the recipe or --set.") from error
    values_of(name for names in config.label_groups.values() for name in names)
    wrong = {
        **(_wrong_vae(recipe.vae, config) if recipe.vae else {}),
        f"network.told_groups names none of {', '.join(config.label_groups)}": (
            not set(config.told_groups) <= set(config.label_groups)
        ),
        "network.conditions is empty": not config.conditions,
        f"network.image_size {config.image_size} is no multiple of {config.vae_factor}": (
            config.image_size % config.vae_factor > 0
        ),
        f"network.hidden is no multiple of {config.heads} heads": config.hidden % config.heads > 0,
        f"{config.latent_side} latent pixels are no multiple of network.patch": config.latent_side % config.patch > 0,
    }
    for what in (what for what, true in wrong.items() if true):
        raise ParameterError(f"The networks do not fit together: {what}.", "Correct the recipe or --set.")
    _check_beginning(recipe, config)


def _wrong_vae(settings: VaeSettings, config: NaDiffConfig) -> dict[str, bool]:
    """What could be wrong between autoencoder and network, and whether it is."""
    factor = 2 ** (len(settings.block_out_channels) - 1)
    return {
        f"vae.block_out_channels shrinks by {factor}, network.vae_factor is {config.vae_factor}": (
            factor != config.vae_factor
        ),
        f"vae.crop is no multiple of {config.vae_factor}": settings.crop % config.vae_factor > 0,
    }


def _check_parts(recipe: TrainRecipe) -> None:
    """Every part is trained or borrowed, not both; a denoiser begins in one way."""
    for part in get_args(Part):
        trained, borrowed = getattr(recipe, part) is not None, part in recipe.borrow
        if trained and borrowed:
            raise ParameterError(
                f"The recipe both trains and borrows a {part}.", f"Leave out [{part}], or borrow.{part}."
            )
        if not trained and not borrowed and part != "segmenter":
            raise ParameterError(
                f"The recipe has no {part}.", f"Add a section [{part}], or name a model that lends one: borrow.{part}."
            )
    if recipe.layout is not None and not recipe.network.get("layout"):
        raise ParameterError(
            "The recipe trains a layout network of no size.", "Set network.layout, or leave out [layout]."
        )
    if recipe.natural is not None and recipe.start:
        raise ParameterError(
            "The denoiser cannot begin both with natural images and with another model.",
            "Leave out [natural], or start.",
        )


def _check_beginning(recipe: TrainRecipe, config: NaDiffConfig) -> None:
    """Photographs that can be read, and a model to start from whose trunk fits."""
    if recipe.natural is not None:
        check_images(recipe.natural, config.image_size)
    if recipe.start:
        with torch.device("meta"):
            network = NaDiffNetwork(config)
        begin_from(starting_denoiser(recipe).to("meta"), network)
