"""What reads the volumes of a MedDiff-FM evaluation, and which of the organs it reads are judged."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ctstudio.core.labels import values_of
from ctstudio.core.volume import Volume
from ctstudio.measure.overlap import dice
from ctstudio.systems.meddiff_fm.reading import ORGANS

LEAST_ML = 1.0
"""Organs of which a volume holds less are not judged."""


class RegionReader(Protocol):
    """An instrument: it sees the CT alone, never what the generator was told."""

    @property
    def name(self) -> str:
        """As tables print it."""
        ...

    def read(self, ct: Volume, region: str) -> NDArray[np.uint8]:
        """Labels of the standard table on the CT's grid: organs, and lesions where it knows their kind."""
        ...

    def features(self, ct: Volume, region: str) -> NDArray[np.float64]:
        """(d,) what its levels see of a CT."""
        ...


def organ_dice(read: NDArray[np.uint8], anatomy: NDArray[np.uint8], region: str, voxel_ml: float) -> dict[str, float]:
    """Dice of each organ of a region between labels that were read and those a volume was made from.

    Returns:
        By organ; NaN for those that the volume holds hardly anything of.
    """
    found = {}
    for organ, names in ORGANS[region].items():
        truth = np.isin(anatomy, values_of(names))
        there = float(truth.sum()) * voxel_ml >= LEAST_ML
        found[organ] = dice(np.isin(read, values_of(names)), truth) if there else float("nan")
    return found


def is_found(read: NDArray[np.bool_], mask: NDArray[np.bool_], voxel_ml: float) -> bool:
    """Whether a reader finds a lesion where a mask is: a tenth of the mask, and at least a voxel.

    Args:
        read: (z, y, x) what it calls a lesion.
        mask: Where one was, or was to be.
        voxel_ml: Size of a voxel; a tenth of a millilitre always counts.
    """
    hits = int((read & mask).sum())
    return hits > 0 and (hits >= 0.1 * int(mask.sum()) or hits * voxel_ml >= 0.1)
