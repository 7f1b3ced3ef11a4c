"""Fine chests as the reader learns from them: CT, regions and details."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ctstudio.core.labels import LUNG_LOBES
from ctstudio.systems.medsyn.reading import CT_WINDOW, REGIONS
from ctstudio.training.chests import FineChest
from ctstudio.training.reader_targets import ReaderTarget
from ctstudio.training.shards import OneByOne, shards_in


def chest_targets(folder: Path) -> Sequence[ReaderTarget]:
    """The chests of a folder, read one by one."""
    return OneByOne(shards_in(folder), lambda **arrays: target_of(FineChest(**arrays)))


def target_of(chest: FineChest) -> ReaderTarget:
    """What the reader is to find in a chest."""
    regions = chest.lobes.copy()
    for number, name in enumerate(REGIONS[len(LUNG_LOBES) :], start=len(LUNG_LOBES) + 1):
        regions[chest.of(name)] = number
    details = np.zeros_like(regions)
    for number, name in enumerate(("airway", "vessels", "consolidation"), start=1):
        details[chest.of(name)] = number
    return ReaderTarget(chest.hu[0], regions, details, CT_WINDOW)
