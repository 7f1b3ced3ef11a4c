"""What is given, brought onto the model's voxels, and what is made, brought back onto the given grid.

Air is added at the far end of axes that are shorter than a patch; coordinates count the voxels without it.
Source: MedDiff-FM, section 4.1 (isotropic voxels, windows); padding is ours.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ctstudio.core.grid import Grid
from ctstudio.core.isotropic_grid import isotropic_grid
from ctstudio.core.labels import LabelMap, LabelTable, standard_table
from ctstudio.core.resample import labels_onto, volume_onto, volume_onto_coarser
from ctstudio.core.volume import Volume
from ctstudio.core.windows import Window
from ctstudio.systems.meddiff_fm.config import MeddiffConfig

AIR_HU = -1024.0
Scalar = TypeVar("Scalar", bound=np.generic)


@dataclass(frozen=True)
class Placement:
    """Where a region lies.

    Attributes:
        given: Grid of what was given; results go back onto it.
        work: The model's voxels over the same place; coordinates count these.
        patch: Least edge of a volume that the model sees, voxels.
    """

    given: Grid
    work: Grid
    patch: int

    @property
    def shape(self) -> tuple[int, int, int]:
        """Voxels (z, y, x) with the air that was added."""
        z, y, x = (max(n, self.patch) for n in self.work.shape)
        return z, y, x

    @property
    def resampled(self) -> bool:
        """Whether the model's voxels are not those given."""
        return not self.work.matches(self.given)

    def scan(self, scan: Volume, window: Window) -> Tensor:
        """A CT in HU on any grid as (1, 1, *shape) float32 in [-1, 1]; finer voxels are averaged."""
        hu = volume_onto_coarser(scan, self.work, AIR_HU).array
        return torch.from_numpy(window.to_unit(filled_up(hu, self.patch, AIR_HU)))[None, None]

    def anatomy(self, classes: NDArray[np.uint8], grid: Grid) -> Tensor:
        """Classes 0 to 118 on any grid as (*shape) uint8; the nearest voxel."""
        seen = labels_onto(LabelMap(classes, grid, standard_table()), self.work).array
        return torch.from_numpy(filled_up(seen, self.patch, 0))

    def lesion(self, inside: NDArray[np.bool_], grid: Grid) -> Tensor:
        """A lesion on any grid as (1, 1, *shape) float32, 0 or 1.

        A voxel is inside when half of it is. One too small for any such voxel keeps those that it fills most.
        """
        share = volume_onto_coarser(Volume(inside.astype(np.float32), grid), self.work, 0.0).array
        most = float(share.max(initial=0.0))
        seen = (share >= min(0.5, most)) & (share > 0)
        return torch.from_numpy(filled_up(seen.astype(np.float32), self.patch, 0.0))[None, None]

    def volume(self, x_0: Tensor, window: Window, name: str = "") -> Volume:
        """A CT in HU on the given grid, of (1, 1, *shape) in [-1, 1]."""
        hu = window.from_unit(self._inside(x_0[0, 0]))
        return volume_onto(Volume(hu, self.work, synthetic=True, name=name), self.given, AIR_HU)

    def difference(self, values: Tensor, name: str = "") -> Volume:
        """Differences in HU (1, 1, *shape), or (*shape), on the given grid; 0 where there are none."""
        hu = self._inside(values.reshape(self.shape)).astype(np.float32)
        return volume_onto(Volume(hu, self.work, synthetic=True, name=name), self.given, 0.0)

    def labels(self, classes: Tensor, table: LabelTable, name: str = "") -> LabelMap:
        """Labels (*shape) on the given grid; the nearest voxel."""
        array = self._inside(classes.to(torch.uint8))
        return labels_onto(LabelMap(array, self.work, table, synthetic=True, name=name), self.given)

    def _inside(self, array: Tensor) -> NDArray[Any]:
        """Without the air that was added."""
        depth, rows, columns = self.work.shape
        return np.ascontiguousarray(array[:depth, :rows, :columns].cpu().numpy())


def place(grid: Grid, config: MeddiffConfig) -> Placement:
    """The model's voxels over all that a grid covers."""
    return Placement(grid, isotropic_grid(grid, config.spacing_mm), config.patch)


def filled_up(array: NDArray[Scalar], patch: int, value: float) -> NDArray[Scalar]:
    """A volume (z, y, x) with `value` added at the far end of each axis that is shorter than a patch."""
    missing = [(0, max(0, patch - n)) for n in array.shape]
    return np.pad(array, missing, constant_values=value) if any(after for _, after in missing) else array
