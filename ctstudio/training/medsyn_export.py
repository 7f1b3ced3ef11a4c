"""A finished run of MedSyn as a model on the shelf: fp16 weights, `model.json` with ranges and digests."""

from __future__ import annotations

from pathlib import Path

from ctstudio.catalog.medsyn_recipe import MedsynRecipe
from ctstudio.catalog.model_card import ModelInfo, Range, Ranges, Training
from ctstudio.catalog.shelf import file_digest
from ctstudio.core.errors import ParameterError
from ctstudio.core.labels import LUNG_LOBES, LUNG_VESSELS
from ctstudio.nets.weight_files import save_weights
from ctstudio.systems.medsyn.config import FIELD_OF_VIEW_MM, MedsynConfig
from ctstudio.systems.medsyn.network import BaseNetwork, Upscaler
from ctstudio.systems.medsyn.reading import save_reader
from ctstudio.systems.medsyn.text import save_text
from ctstudio.systems.medsyn.weights import BASE, TEXT, UPSCALER
from ctstudio.training.data import in_words
from ctstudio.training.export import LICENCE, emptied, stage_record
from ctstudio.training.medsyn_reader import trained_chest_reader
from ctstudio.training.medsyn_text import trained_text, vocabulary_of
from ctstudio.training.reader import LOOK, SEGMENTER
from ctstudio.training.recorder import device_name
from ctstudio.training.run import Run, restored

TRAINED = ("text", "coarse", "upscaler")
"""Stages that train what every model has."""
MADE = (*LUNG_LOBES, "bronchi", LUNG_VESSELS)
"""Labels that the model makes."""


def medsyn_recipe(run: Run) -> MedsynRecipe:
    """The run's recipe as one of MedSyn.

    Raises:
        ParameterError: It is one of another system.
    """
    if not isinstance(run.recipe, MedsynRecipe):
        raise ParameterError(
            f"The recipe {run.recipe.name} is not one of MedSyn.", "Choose one: ctstudio train --list."
        )
    return run.recipe


def medsyn_config(run: Run) -> MedsynConfig:
    """The sizes that a run's recipe asks for."""
    return MedsynConfig.model_validate(medsyn_recipe(run).network)


def export_medsyn(run: Run, which: str = "last") -> Path:
    """Write the model of a run into its folder `model` and return that folder.

    Args:
        run: Whose checkpoints.
        which: Which moving average of coarse network and upscaler, "last" or "best".

    Figures are added later, by measuring.
    """
    recipe, config, folder = medsyn_recipe(run), medsyn_config(run), emptied(run)
    save_weights(restored(run, "coarse", BaseNetwork(config.base, config.text), which), folder / BASE)
    save_weights(restored(run, "upscaler", Upscaler(config.upscaler), which), folder / UPSCALER)
    save_text(trained_text(run, config.text), vocabulary_of(run), folder / TEXT)
    trained: tuple[str, ...] = TRAINED
    if recipe.segmenter is not None:
        trained = (*TRAINED, SEGMENTER, LOOK)
        save_reader(trained_chest_reader(run, recipe.segmenter), recipe.segmenter.features, folder)
    records = {name: stage_record(run, name) for name in trained}
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    ModelInfo(
        name=recipe.model_name,
        title=recipe.title,
        system=recipe.system,
        size=recipe.size,
        config=config.model_dump(mode="json"),
        trained_on=f"{in_words(recipe.data)}; no patient data",
        ranges=_ranges(config),
        training=Training(
            recipe=recipe.name,
            steps=int(records["coarse"]["steps"]),
            seconds=round(sum(record["seconds"] for record in records.values()), 1),
            device=device_name(run.accelerator.device),
            stages=records,
        ),
        licence=LICENCE,
        files={path.relative_to(folder).as_posix(): file_digest(path) for path in files},
    ).write(folder)
    return folder


def _ranges(config: MedsynConfig) -> Ranges:
    """What the model makes: one field of view, in the voxels of both stages."""
    spacing = [field / side for field in FIELD_OF_VIEW_MM for side in (config.upscaler.side, config.base.side)]
    return Ranges(
        region="chest",
        fov_mm=Range(low=min(FIELD_OF_VIEW_MM), high=max(FIELD_OF_VIEW_MM)),
        spacing_mm=Range(low=round(min(spacing), 3), high=round(max(spacing), 3)),
        labels=list(MADE),
    )
