"""Phantom chests as the reader learns from them: CT, regions and details, one file a patient."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import overload

import numpy as np
from numpy.typing import NDArray

from ctstudio.phantom.chest_grid import chest_grid
from ctstudio.phantom.chest_population import draw_chest_findings
from ctstudio.phantom.chest_structures import chest_structures
from ctstudio.phantom.patient import Patient, make_patient
from ctstudio.phantom.render import render
from ctstudio.systems.medsyn.reading import DETAILS, REGIONS
from ctstudio.training.shards import shards_in, write_missing

SIZE = 128
"""Voxels along each side."""


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


class ChestTargets(Sequence[ChestTarget]):
    """The chests of a folder, read one by one."""

    def __init__(self, folder: Path) -> None:
        self._paths = shards_in(folder)

    def __len__(self) -> int:
        return len(self._paths)

    @overload
    def __getitem__(self, number: int) -> ChestTarget: ...

    @overload
    def __getitem__(self, number: slice) -> Sequence[ChestTarget]: ...

    def __getitem__(self, number: int | slice) -> ChestTarget | Sequence[ChestTarget]:
        if isinstance(number, slice):
            return [self[row] for row in range(*number.indices(len(self)))]
        return ChestTarget(**dict(np.load(self._paths[number])))


def make_targets(seeds: Iterable[int], folder: Path, progress: Callable[[int, int], None]) -> None:
    """Render the chests that a folder lacks."""
    wanted = list(seeds)
    for done, seed in enumerate(wanted, start=1):
        write_missing(folder / f"{seed:06d}.npz", lambda seed=seed: chest_target(chest_of(seed)))  # type: ignore[misc]
        progress(done, len(wanted))


def chest_target(patient: Patient, size: int = SIZE) -> ChestTarget:
    """A chest of the demo's field of view."""
    phantom = render(patient, chest_grid(patient, size), pet=False, mr=False)
    structures, labels = chest_structures(phantom), phantom.labels
    regions = structures.lobes.copy()
    for number, name in enumerate(REGIONS, start=1):
        if not name.startswith("lung_"):
            regions[labels.of(name)] = number
    details = np.zeros_like(regions)
    for number, where in enumerate((structures.airway, structures.vessels, labels.of(DETAILS[2])), start=1):
        details[where] = number
    return ChestTarget(phantom.ct.array.astype(np.int16), regions, details)


def chest_of(seed: int) -> Patient:
    """The patient of a seed in the balanced mixture."""
    return make_patient(seed, "chest", draw_chest_findings(seed))
