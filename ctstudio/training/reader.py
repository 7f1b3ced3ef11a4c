"""A reader as two stages of a run: its U-Net, then its look at each voxel."""

from __future__ import annotations

from ctstudio.catalog.reader_settings import ReaderSettings
from ctstudio.catalog.recipe_parts import StageSettings
from ctstudio.nets.volume_segmenter import VolumeSegmenter
from ctstudio.training.run import Run
from ctstudio.training.stages.reader import ReaderStage
from ctstudio.training.stages.reader_look import LookStage, seen_voxels

SEGMENTER, LOOK = "segmenter", "look"
"""Names of the two stages."""

LOOK_SETTINGS = StageSettings(steps=600, batch=8192, learning_rate=4e-3, warm_up=20, ema_decay=0.98)
LOOK_DRAWS = 24
"""Volumes, or parts of them, that the look's voxels are taken from."""


def train_reader(run: Run, stage: ReaderStage, settings: ReaderSettings) -> None:
    """Train both stages, or go on with them."""
    run.train(SEGMENTER, stage, settings)
    stage.module.requires_grad_(False)
    stage.module.look.requires_grad_(True)
    voxels = seen_voxels(stage, LOOK_DRAWS, run.recipe.seed)
    run.train(LOOK, LookStage(stage, voxels, LOOK_SETTINGS), LOOK_SETTINGS)


def trained_reader(run: Run, network: VolumeSegmenter) -> VolumeSegmenter:
    """A new network with the newest moving averages of both stages, in evaluation mode."""
    unet = {key: value for key, value in run.store(SEGMENTER).average().items() if key.startswith("net.")}
    look = {f"look.{key}": value for key, value in run.store(LOOK).average().items()}
    network.load_state_dict({**unet, **look}, strict=True)
    return network.eval().requires_grad_(False)
