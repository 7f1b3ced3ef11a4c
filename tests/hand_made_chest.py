"""A chest of boxes, whose volumes are known by counting."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ctstudio.core.grid import Grid
from ctstudio.core.volume import Volume
from ctstudio.measure.chest_anatomy import ChestAnatomy

GRID = Grid((40, 50, 80), (3.0, 3.0, 3.0))
VOXEL_ML = 0.027
RIGHT = (slice(5, 35), slice(10, 40), slice(10, 30))
LEFT = (slice(5, 35), slice(10, 40), slice(50, 70))


@dataclass(frozen=True)
class HandMade:
    """HU and structures, to be changed in place by a test."""

    hu: NDArray[np.float32]
    lobes: NDArray[np.uint8]
    airway: NDArray[np.bool_]
    vessels: NDArray[np.bool_]
    heart: NDArray[np.bool_]

    @property
    def ct(self) -> Volume:
        """The CT."""
        return Volume(self.hu, GRID)

    @property
    def anatomy(self) -> ChestAnatomy:
        """Its structures."""
        return ChestAnatomy(GRID, self.lobes, self.airway, self.vessels, self.heart)

    def with_fluid(self, box: tuple[slice, slice, slice], hu: float = 11.0) -> HandMade:
        """The chest with part of the lung taken by fluid."""
        made = replace(self, hu=self.hu.copy(), lobes=self.lobes.copy())
        made.hu[box] = hu
        made.lobes[box] = 0
        return made


def hand_made() -> HandMade:
    """Two lungs of 486 ml in muscle, upper lobes in the upper half, the right middle lobe between; a heart between."""
    hu = np.full(GRID.shape, 55.0, np.float32)
    lobes = np.zeros(GRID.shape, np.uint8)
    lobes[LEFT], lobes[RIGHT] = 2, 5
    lobes[20:35][lobes[20:35] == 2] = 1
    lobes[15:20][lobes[15:20] == 5] = 4
    lobes[20:35][lobes[20:35] == 5] = 3
    hu[lobes > 0] = -850.0
    empty = np.zeros(GRID.shape, bool)
    heart = empty.copy()
    heart[10:20, 12:25, 32:48] = True
    return HandMade(hu, lobes, empty.copy(), empty.copy(), heart)
