"""The reader of heads, chests and abdomens: what it learns from, and its network."""

from __future__ import annotations

import numpy as np

from ctstudio.catalog.meddiff_regions import REGIONS
from ctstudio.catalog.reader_settings import ReaderSettings
from ctstudio.core.labels import values_of
from ctstudio.nets.volume_segmenter import VolumeSegmenter
from ctstudio.systems.meddiff_fm.config import MeddiffConfig
from ctstudio.systems.meddiff_fm.reading import READ, new_network
from ctstudio.training.reader import train_reader, trained_reader
from ctstudio.training.reader_targets import ReaderTarget
from ctstudio.training.regions import HEALTHY, RegionVolume, paths_in
from ctstudio.training.run import Run
from ctstudio.training.shards import OneByOne
from ctstudio.training.stages.reader import ReaderStage

SMALL = ("gallbladder", "pancreas", "duodenum", "aorta")
"""Organs of few voxels."""


def train_region_reader(run: Run, config: MeddiffConfig, settings: ReaderSettings) -> None:
    """Train the reader on all patients of the run, healthy or not, or go on with it."""
    paths = paths_in(*(run.cache / "train" / part for part in (HEALTHY, *config.controls)))
    volumes = OneByOne(paths, lambda **arrays: target_of(RegionVolume(**arrays), config))
    rare = tuple(number for number, name in enumerate(READ, start=1) if name in SMALL)
    network = new_network(settings.features, config.controls)
    stage = ReaderStage(network, volumes, settings, (len(READ), len(config.controls)), rare)
    train_reader(run, stage, settings)


def trained_region_reader(run: Run, config: MeddiffConfig, settings: ReaderSettings) -> VolumeSegmenter:
    """It, in evaluation mode; `save_reader` writes it."""
    return trained_reader(run, new_network(settings.features, config.controls))


def target_of(volume: RegionVolume, config: MeddiffConfig) -> ReaderTarget:
    """What the reader is to find in a patient."""
    organs, lesions = np.zeros(256, np.uint8), np.zeros(256, np.uint8)
    for number, values in enumerate(READ.values(), start=1):
        organs[list(values)] = number
    lesions[list(values_of(config.controls))] = np.arange(1, len(config.controls) + 1)
    window = config.window(REGIONS[int(volume.region)])
    return ReaderTarget(volume.ct_hu, organs[volume.anatomy], lesions[volume.lesion], window)
