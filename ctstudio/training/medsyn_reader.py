"""The reader of chest CTs as two stages of a run: its U-Net, then its look at each voxel."""

from __future__ import annotations

from ctstudio.catalog.reader_settings import ReaderSettings
from ctstudio.catalog.recipe_parts import StageSettings
from ctstudio.nets.volume_segmenter import VolumeSegmenter
from ctstudio.systems.medsyn.reading import new_network
from ctstudio.training.chest_targets import chest_targets
from ctstudio.training.chests import FINE
from ctstudio.training.run import Run
from ctstudio.training.stages.medsyn_look import LookStage, seen_voxels
from ctstudio.training.stages.medsyn_segmenter import MedsynSegmenterStage

SEGMENTER, LOOK = "segmenter", "look"
"""Names of the two stages."""

LOOK_SETTINGS = StageSettings(steps=600, batch=8192, learning_rate=4e-3, warm_up=20, ema_decay=0.98)
LOOK_DRAWS = 24
"""Volumes, or parts of them, that the look's voxels are taken from."""


def train_reader(run: Run, settings: ReaderSettings) -> None:
    """Train both stages on the run's fine chests, or go on with them."""
    network, chests = new_network(settings.features), chest_targets(run.cache / FINE / "train")
    stage = MedsynSegmenterStage(network, chests, settings)
    run.train(SEGMENTER, stage, settings)
    network.requires_grad_(False)
    network.look.requires_grad_(True)
    voxels = seen_voxels(stage, LOOK_DRAWS, run.recipe.seed)
    run.train(LOOK, LookStage(network, voxels, LOOK_SETTINGS), LOOK_SETTINGS)


def trained_reader(run: Run, settings: ReaderSettings) -> VolumeSegmenter:
    """The newest moving averages of both stages as one network, in evaluation mode; `save_reader` writes it."""
    network = new_network(settings.features)
    unet = {key: value for key, value in run.store(SEGMENTER).average().items() if key.startswith("net.")}
    look = {f"look.{key}": value for key, value in run.store(LOOK).average().items()}
    network.load_state_dict({**unet, **look}, strict=True)
    return network.eval().requires_grad_(False)
