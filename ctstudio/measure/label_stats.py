"""How much of each label there is, and where."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ctstudio.core.labels import LabelMap

Range = tuple[int, int]


@dataclass(frozen=True)
class LabelStatistics:
    """One label of a map.

    Attributes:
        value: Its value.
        name: Its name in the map's table.
        voxels: Voxels that have it.
        volume_ml: Their volume, ml.
        largest_area_cm2: Largest area in one axial slice, cm2.
        box: First and last voxel along (z, y, x), both included.
    """

    value: int
    name: str
    voxels: int
    volume_ml: float
    largest_area_cm2: float
    box: tuple[Range, Range, Range]


def label_statistics(labels: LabelMap) -> tuple[LabelStatistics, ...]:
    """Statistics of every label that occurs, by ascending value; background is left out."""
    from scipy import ndimage

    boxes = ndimage.find_objects(labels.array)
    pixel_cm2 = labels.grid.spacing_mm[0] * labels.grid.spacing_mm[1] / 100.0
    found = []
    for value in labels.present():
        box = boxes[value - 1]
        inside = labels.array[box] == value
        voxels = int(inside.sum())
        found.append(
            LabelStatistics(
                value=value,
                name=labels.table.by_value(value).name,
                voxels=voxels,
                volume_ml=voxels * labels.grid.voxel_volume_mm3 / 1000.0,
                largest_area_cm2=float(inside.sum(axis=(1, 2)).max()) * pixel_cm2,
                box=(_range(box[0]), _range(box[1]), _range(box[2])),
            )
        )
    return tuple(found)


def areas_cm2(labels_2d: NDArray[np.uint8], spacing_xy_mm: tuple[float, float]) -> dict[int, float]:
    """Area of each label that occurs in one (y, x) slice, cm2, by value; background is left out."""
    counts = np.bincount(labels_2d.ravel(), minlength=256)
    pixel_cm2 = spacing_xy_mm[0] * spacing_xy_mm[1] / 100.0
    return {int(value): float(counts[value]) * pixel_cm2 for value in np.flatnonzero(counts) if value}


def slices_with(labels: LabelMap, values: tuple[int, ...]) -> tuple[int, ...]:
    """Axial slices that hold any of the values, ascending."""
    return tuple(int(z) for z in np.flatnonzero(np.isin(labels.array, values).any(axis=(1, 2))))


def _range(part: slice) -> Range:
    return int(part.start), int(part.stop) - 1
