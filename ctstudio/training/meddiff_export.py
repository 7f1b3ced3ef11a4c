"""A finished run of MedDiff-FM as a model on the shelf: fp16 weights, `model.json` with ranges and digests."""

from __future__ import annotations

from pathlib import Path

from ctstudio.catalog.meddiff_recipe import MeddiffRecipe
from ctstudio.catalog.meddiff_regions import REGIONS
from ctstudio.catalog.model_card import ModelInfo, Range, Ranges, Training
from ctstudio.catalog.shelf import file_digest
from ctstudio.core.errors import ParameterError
from ctstudio.core.totalsegmentator import TOTAL_NAMES
from ctstudio.phantom.grids import BOX_MM
from ctstudio.systems.meddiff_fm.config import MeddiffConfig
from ctstudio.systems.meddiff_fm.control import LesionControl
from ctstudio.systems.meddiff_fm.network import Denoiser
from ctstudio.systems.meddiff_fm.reading import save_reader
from ctstudio.systems.meddiff_fm.weights import control_folder, save
from ctstudio.training.data import in_words
from ctstudio.training.export import LICENCE, emptied, stage_record
from ctstudio.training.meddiff_reader import trained_region_reader
from ctstudio.training.reader import LOOK, SEGMENTER
from ctstudio.training.recorder import device_name
from ctstudio.training.run import Run, restored


def meddiff_recipe(run: Run) -> MeddiffRecipe:
    """The run's recipe as one of a whole MedDiff-FM model.

    Raises:
        ParameterError: It is another.
    """
    if not isinstance(run.recipe, MeddiffRecipe):
        raise ParameterError(
            f"The recipe {run.recipe.name} is not one of MedDiff-FM.", "Choose one: ctstudio train --list."
        )
    return run.recipe


def meddiff_config(run: Run) -> MeddiffConfig:
    """The sizes that a run's recipe asks for."""
    return MeddiffConfig.model_validate(meddiff_recipe(run).network)


def restored_denoiser(run: Run, which: str = "last") -> Denoiser:
    """The denoiser of a run with its moving average, frozen, on the CPU."""
    return restored(run, "denoiser", Denoiser(meddiff_config(run)), which)  # type: ignore[return-value]


def restored_control(run: Run, kind: str, config: MeddiffConfig, which: str = "last") -> LesionControl:
    """A ControlNet of a run with its moving average, frozen, on the CPU."""
    return restored(run, control_folder(kind), LesionControl(config), which)  # type: ignore[return-value]


def export_meddiff(run: Run, which: str = "last") -> Path:
    """Write the model of a run into its folder `model` and return that folder.

    Args:
        run: Whose checkpoints. ControlNets and a reader that were not trained yet are left out.
        which: Which moving average of denoiser and ControlNets, "last" or "best".

    Figures are added later, by measuring.
    """
    recipe, config, folder = meddiff_recipe(run), meddiff_config(run), emptied(run)
    kinds = tuple(kind for kind in config.controls if run.store(control_folder(kind)).position().step)
    config = config.model_copy(update={"controls": kinds})
    save(folder, restored_denoiser(run, which), {kind: restored_control(run, kind, config, which) for kind in kinds})
    trained = ["denoiser", *map(control_folder, kinds)]
    if recipe.segmenter is not None and run.store(LOOK).position().step:
        save_reader(trained_region_reader(run, config, recipe.segmenter), recipe.segmenter.features, kinds, folder)
        trained += [SEGMENTER, LOOK]
    records = {name: stage_record(run, name) for name in trained}
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    ModelInfo(
        name=recipe.model_name,
        title=recipe.title,
        system=recipe.system,
        size=recipe.size,
        config=config.model_dump(mode="json"),
        trained_on=f"{in_words(recipe.data)}; no patient data",
        ranges=region_ranges(config),
        training=Training(
            recipe=recipe.name,
            steps=int(records["denoiser"]["steps"]),
            seconds=round(sum(record["seconds"] for record in records.values()), 1),
            device=device_name(run.accelerator.device),
            stages=records,
        ),
        licence=LICENCE,
        files={path.relative_to(folder).as_posix(): file_digest(path) for path in files},
    ).write(folder)
    return folder


def region_ranges(config: MeddiffConfig) -> Ranges:
    """What the model knows: bodies as long and wide as the phantoms' regions, in its own voxels."""
    edges = [far - near for low, high in BOX_MM.values() for near, far in zip(low, high, strict=True)]
    return Ranges(
        region=", ".join(REGIONS),
        fov_mm=Range(low=min(edges), high=max(edges)),
        spacing_mm=Range(low=config.spacing_mm, high=config.spacing_mm),
        labels=list(TOTAL_NAMES),
    )
