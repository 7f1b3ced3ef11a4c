"""MedSyn from nothing: chests, text encoder, base network, upscaler, segmenter, one stage after the other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import groupby

from ctstudio.catalog.medsyn_recipe import ChestData, MedsynRecipe
from ctstudio.systems.medsyn.config import MedsynConfig
from ctstudio.systems.medsyn.network import BaseNetwork, Upscaler
from ctstudio.training.chests import COARSE, FINE, FineChests, load_coarse, make_coarse, make_fine
from ctstudio.training.medsyn_export import export_medsyn, medsyn_config, medsyn_recipe
from ctstudio.training.medsyn_figures import measure_medsyn
from ctstudio.training.medsyn_looks import chest_looker
from ctstudio.training.medsyn_reader import train_chest_reader
from ctstudio.training.medsyn_text import make_reports, train_text, trained_text
from ctstudio.training.reports import ReportOfPhantom, draw_reports
from ctstudio.training.run import Run
from ctstudio.training.stages.medsyn_base import BaseStage
from ctstudio.training.stages.medsyn_upscaler import UpscalerStage

FIRST_VALIDATION_SEED = 9_500
"""Of the phantoms that runs are validated on."""


def data(run: Run) -> None:
    """All chests, coarse and fine, and the reports."""
    run.watcher.begin("data")
    recipe, config = medsyn_recipe(run), medsyn_config(run)
    make_chests(run, recipe.data, config)
    make_reports(run, recipe.text, config.text)


def make_chests(run: Run, wanted: ChestData, config: MedsynConfig) -> None:
    """The chests that a run lacks, those for training and those for validation."""
    told = run.watcher.progress
    for part, coarse_seeds, fine_seeds in (
        ("train", range(wanted.coarse_patients), range(wanted.fine_patients)),
        ("validation", _held(wanted.validation_patients), _held(wanted.fine_validation_patients)),
    ):
        make_coarse(coarse_seeds, config.base.side, config.lowering, run.cache / COARSE / part, told)
        make_fine(fine_seeds, config.upscaler.side, run.cache / FINE / part, told)


def _held(count: int) -> range:
    return range(FIRST_VALIDATION_SEED, FIRST_VALIDATION_SEED + count)


def text(run: Run) -> None:
    """The text encoder."""
    train_text(run, medsyn_recipe(run).text, medsyn_config(run).text)


def coarse(run: Run) -> None:
    """The base network."""
    recipe, config = medsyn_recipe(run), medsyn_config(run)
    network, encoder = BaseNetwork(config.base, config.text), trained_text(run, config.text)
    encoder.network.to(run.accelerator.device)
    stages = []
    for part in ("train", "validation"):
        chests = load_coarse(run.cache / COARSE / part)
        reports = reports_of(chests.seed.tolist(), recipe.data.wordings)
        stages.append(BaseStage(network, encoder, chests, reports, recipe.coarse))
    stage, held = stages
    run.train("coarse", stage, recipe.coarse, chest_looker(held, recipe.run))


def upscaler(run: Run) -> None:
    """The upscaler."""
    recipe, config = medsyn_recipe(run), medsyn_config(run)
    network = Upscaler(config.upscaler)
    stage, held = (
        UpscalerStage(network, FineChests(run.cache / FINE / part), config.factor, config.lowering, recipe.upscaler)
        for part in ("train", "validation")
    )
    run.train("upscaler", stage, recipe.upscaler, chest_looker(held, recipe.run))


def segmenter(run: Run) -> None:
    """The reader that measures."""
    recipe = medsyn_recipe(run)
    if recipe.segmenter is not None:
        train_chest_reader(run, recipe.segmenter)


def export(run: Run) -> None:
    """The model's folder."""
    run.watcher.begin("export")
    export_medsyn(run)


def figures(run: Run) -> None:
    """What the model reaches on phantoms it never saw."""
    run.watcher.begin("figures")
    measure_medsyn(run)


STAGES: dict[str, Callable[[Run], None]] = {
    "data": data,
    "text": text,
    "coarse": coarse,
    "upscaler": upscaler,
    "segmenter": segmenter,
    "export": export,
    "figures": figures,
}


def stages_of(recipe: MedsynRecipe) -> dict[str, Callable[[Run], None]]:
    """The stages that a recipe needs, in order: a model may do without a reader."""
    return {name: stage for name, stage in STAGES.items() if name != "segmenter" or recipe.segmenter is not None}


def reports_of(seeds: Sequence[int], wordings: int) -> list[list[ReportOfPhantom]]:
    """The reports of some patients, each in several wordings, in the order of the seeds."""
    drawn = draw_reports(seeds, wordings)
    return [list(group) for _, group in groupby(drawn, key=lambda report: report.seed)]
