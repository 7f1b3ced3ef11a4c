"""The reader of chest CTs: what it learns from, and its network."""

from __future__ import annotations

from ctstudio.catalog.reader_settings import ReaderSettings
from ctstudio.nets.volume_segmenter import VolumeSegmenter
from ctstudio.systems.medsyn.reading import DETAILS, REGIONS, new_network
from ctstudio.training.chest_targets import chest_targets
from ctstudio.training.chests import FINE
from ctstudio.training.reader import train_reader, trained_reader
from ctstudio.training.run import Run
from ctstudio.training.stages.reader import ReaderStage

CLASSES = (len(REGIONS), len(DETAILS))
RARE = (len(REGIONS),)
"""The effusion, which few chests have."""


def train_chest_reader(run: Run, settings: ReaderSettings) -> None:
    """Train the reader on the run's fine chests, or go on with it."""
    chests = chest_targets(run.cache / FINE / "train")
    train_reader(run, ReaderStage(new_network(settings.features), chests, settings, CLASSES, RARE), settings)


def trained_chest_reader(run: Run, settings: ReaderSettings) -> VolumeSegmenter:
    """It, in evaluation mode; `save_reader` writes it."""
    return trained_reader(run, new_network(settings.features))
