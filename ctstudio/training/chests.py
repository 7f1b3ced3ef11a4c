"""Phantom chests as MedSyn's networks learn from them, one file a patient, made once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ctstudio.phantom.chest_grid import chest_grid
from ctstudio.phantom.chest_population import draw_chest_findings
from ctstudio.phantom.chest_structures import chest_structures
from ctstudio.phantom.patient import make_patient
from ctstudio.phantom.render import render
from ctstudio.systems.medsyn.channels import Chest, encoded, lowered
from ctstudio.training.shards import Told, joined, shards_in, write_patients

COARSE, FINE = "coarse", "fine"
"""Folders of a run's cache."""
SUPERSAMPLED = 2
"""A coarse chest is rendered finer by this factor, then lowered."""


FLAGGED = ("airway", "vessels", "heart", "pleural_effusion", "consolidation")
"""What a voxel may hold beside its lobe, each in a bit of its own."""
FIRST_FLAG = 8


@dataclass(frozen=True)
class FineChest:
    """One chest at full resolution, as it lies on the disk.

    Attributes:
        hu: (1, z, y, x) int16.
        structures: (1, z, y, x) uint8: lobe number 0 to 5, and one bit for each of `FLAGGED`.
        seed: (1,) int64.
    """

    hu: NDArray[np.int16]
    structures: NDArray[np.uint8]
    seed: NDArray[np.int64]

    @property
    def chest(self) -> Chest:
        """As the program sees it."""
        return Chest(self.hu[0], self.lobes, self.of("airway"), self.of("vessels"))

    @property
    def lobes(self) -> NDArray[np.uint8]:
        """(z, y, x), 0 to 5."""
        return self.structures[0] & np.uint8(FIRST_FLAG - 1)

    def of(self, name: str) -> NDArray[np.bool_]:
        """(z, y, x): where one of `FLAGGED` is."""
        return (self.structures[0] & np.uint8(FIRST_FLAG << FLAGGED.index(name))) > 0


@dataclass(frozen=True)
class CoarseChests:
    """Chests as the base network makes them.

    Attributes:
        volumes: (N, 4, z, y, x) float16, encoded.
        seed: (N,) int64.
    """

    volumes: NDArray[np.float16]
    seed: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.seed)


def fine_chest(seed: int, side: int) -> FineChest:
    """The chest of a seed in the balanced population."""
    patient = make_patient(seed, "chest", draw_chest_findings(seed))
    phantom = render(patient, chest_grid(patient, side), pet=False, mr=False)
    found = chest_structures(phantom)
    packed = found.lobes.copy()
    where = (found.airway, found.vessels, *(phantom.labels.of(name) for name in FLAGGED[2:]))
    for number, flagged in enumerate(where):
        packed |= flagged * np.uint8(FIRST_FLAG << number)
    hu = phantom.ct.array.astype(np.int16)
    return FineChest(hu[None], packed[None], np.asarray([seed], np.int64))


def coarse_chest(seed: int, side: int, lowering: str) -> CoarseChests:
    """The chest of a seed as the base network makes it."""
    fine = encoded(fine_chest(seed, SUPERSAMPLED * side).chest)[None]  # (1, 4, 2s, 2s, 2s)
    volume = lowered(fine, SUPERSAMPLED, lowering)  # (1, 4, s, s, s)
    return CoarseChests(volume.half().numpy(), np.asarray([seed], np.int64))


def make_coarse(seeds: Iterable[int], side: int, lowering: str, folder: Path, told: Told) -> None:
    """Make the coarse chests that a folder lacks."""
    write_patients(seeds, partial(coarse_chest, side=side, lowering=lowering), folder, told)


def make_fine(seeds: Iterable[int], side: int, folder: Path, told: Told) -> None:
    """Make the fine chests that a folder lacks."""
    write_patients(seeds, partial(fine_chest, side=side), folder, told)


def load_coarse(folder: Path) -> CoarseChests:
    """The coarse chests of a folder, in memory."""
    return joined(shards_in(folder), CoarseChests)


class FineChests:
    """The fine chests of a folder, packed in memory: 6 MB each at 128³."""

    def __init__(self, folder: Path) -> None:
        self._all = joined(shards_in(folder), FineChest)

    def __len__(self) -> int:
        return len(self._all.seed)

    def part(self, which: int, corner: tuple[int, int, int], size: tuple[int, int, int]) -> Tensor:
        """(4, *size) float32, encoded: a part of one chest, its corner and size (z, y, x) in the networks' axes."""
        z, y, x = corner
        far = self._all.hu.shape[2] - y - size[1]  # the networks' y is turned
        where = (slice(which, which + 1), slice(z, z + size[0]), slice(far, far + size[1]), slice(x, x + size[2]))
        return encoded(FineChest(self._all.hu[where], self._all.structures[where], self._all.seed).chest)

    def whole(self, which: int) -> Tensor:
        """(4, side, side, side) float32, encoded."""
        return self.part(which, (0, 0, 0), self._all.hu.shape[1:])  # type: ignore[arg-type]


def as_tensor(volumes: NDArray[np.float16]) -> Tensor:
    """Stored volumes as float32."""
    return torch.from_numpy(volumes.astype(np.float32))
