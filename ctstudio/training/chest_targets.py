"""Fine chests as the reader learns from them: CT, regions and details."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ctstudio.core.labels import LUNG_LOBES
from ctstudio.systems.medsyn.reading import REGIONS
from ctstudio.training.chests import FineChest
from ctstudio.training.shards import OneByOne, shards_in


@dataclass(frozen=True)
class ChestTarget:
    """One chest.

    Attributes:
        ct_hu: (z, y, x) int16.
        regions: (z, y, x) uint8, 0 none, else the number of `REGIONS`.
        details: (z, y, x) uint8, 0 none, else the number of `DETAILS`.
    """

    ct_hu: NDArray[np.int16]
    regions: NDArray[np.uint8]
    details: NDArray[np.uint8]


def chest_targets(folder: Path) -> Sequence[ChestTarget]:
    """The chests of a folder, read one by one."""
    return OneByOne(shards_in(folder), lambda **arrays: target_of(FineChest(**arrays)))


def target_of(chest: FineChest) -> ChestTarget:
    """What the reader is to find in a chest."""
    regions = chest.lobes.copy()
    for number, name in enumerate(REGIONS[len(LUNG_LOBES) :], start=len(LUNG_LOBES) + 1):
        regions[chest.of(name)] = number
    details = np.zeros_like(regions)
    for number, name in enumerate(("airway", "vessels", "consolidation"), start=1):
        details[chest.of(name)] = number
    return ChestTarget(chest.hu[0], regions, details)
