"""The ControlNet of a kind of lesion as a stage of a run, on top of a denoiser that is there."""

from __future__ import annotations

from ctstudio.catalog.meddiff_recipe import ControlSettings
from ctstudio.systems.meddiff_fm.control import LesionControl
from ctstudio.systems.meddiff_fm.network import Denoiser
from ctstudio.systems.meddiff_fm.weights import control_folder
from ctstudio.training.data import RunPart
from ctstudio.training.meddiff_looks import region_looker
from ctstudio.training.regions import volumes_in
from ctstudio.training.run import Run
from ctstudio.training.stages.meddiff_control import MeddiffControlStage

PARTS: tuple[RunPart, ...] = ("train", "validation")
"""Folders of the cache; patients with a kind of lesion lie in a folder of its name in each."""


def train_control(
    run: Run, kind: str, denoiser: Denoiser, settings: ControlSettings, start: LesionControl | None = None
) -> None:
    """Train the ControlNet of a kind of lesion on the run's patients who have it, or go on with it.

    Args:
        run: Whose.
        kind: Label name of the lesions.
        denoiser: Trained; it stays as it is.
        settings: How.
        start: A ControlNet to begin with; None for a copy of the denoiser's way down.
    """
    network = start or LesionControl(denoiser.config)
    network.requires_grad_(True)
    if start is None:
        network.begin_as(denoiser)
    denoiser.to(run.accelerator.device)
    stage, held = (
        MeddiffControlStage(network, denoiser, volumes_in(run.cache / part / kind), settings) for part in PARTS
    )
    run.train(control_folder(kind), stage, settings, region_looker(held, run.recipe.run))
