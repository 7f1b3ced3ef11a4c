"""Where a model's square slices lie on a mask: one place, because the desk predicts what the systems will be asked.

The slices keep the mask's planes and direction. They are centred on the body of the scan, else of the mask.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ctstudio.core.errors import ParameterError
from ctstudio.core.grid import Grid
from ctstudio.core.labels import LabelMap
from ctstudio.core.volume import Volume

BODY_NAMES = ("body", "skin", "subcutaneous_fat", "torso_fat", "skeletal_muscle")
"""Labels of the body's shell: a mask that holds one of them shows where the patient is."""

TISSUE_ABOVE_HU = -300.0
_SCAN_STEP, _MASK_STEP = 4, 2


@dataclass(frozen=True)
class FieldOfView:
    """The square that a model sees of a slice; by default 384 mm, as NA-Diff's slices have.

    Attributes:
        pixels: Pixels along one edge.
        pixel_mm: Edge of a pixel, mm.

    Raises:
        ParameterError: One of them is not positive.
    """

    pixels: int = 256
    pixel_mm: float = 1.5

    def __post_init__(self) -> None:
        if self.pixels < 1 or not 0 < self.pixel_mm < float("inf"):
            raise ParameterError(
                f"A field of view of {self.pixels} pixels of {self.pixel_mm} mm is empty.",
                "Repair 'image_size' and 'pixel_mm' in the model's model.json.",
            )


def working_grid(mask: LabelMap, like: Volume | None, view: FieldOfView) -> Grid:
    """The model's slices, one for each slice of the mask.

    Args:
        mask: The labels that are to be followed.
        like: The scan whose field of view is taken, if any; HU.
        view: What the model sees of a slice.

    Returns:
        A grid of (z, pixels, pixels) in the mask's planes, with its direction and distance of slices.
    """
    target, n = mask.grid, view.pixels
    index = target.to_index(_centre_mm(mask, like))
    middle = target.to_world((0.0, index[1], index[2]))
    direction = np.asarray(target.direction)
    x, y, z = middle - (n - 1) / 2 * view.pixel_mm * (direction[:, 0] + direction[:, 1])
    spacing = (view.pixel_mm, view.pixel_mm, target.spacing_mm[2])
    return Grid((target.shape[0], n, n), spacing, (float(x), float(y), float(z)), target.direction)


def _centre_mm(mask: LabelMap, like: Volume | None) -> NDArray[np.float64]:
    """World point (x, y, z) of the body's middle, else of the middle of the mask's grid."""
    if like is not None:
        thinned = np.asarray(like.array[::_SCAN_STEP, ::_SCAN_STEP, ::_SCAN_STEP])
        where = np.argwhere(thinned > TISSUE_ABOVE_HU)
        if len(where):
            return like.grid.to_world(where.mean(axis=0) * _SCAN_STEP)
    if any(mask.table.by_value(value).name in BODY_NAMES for value in mask.present()):
        where = np.argwhere(mask.array[:, ::_MASK_STEP, ::_MASK_STEP] > 0)
        if len(where):
            return mask.grid.to_world(where.mean(axis=0) * (1, _MASK_STEP, _MASK_STEP))
    return mask.grid.to_world((np.asarray(mask.grid.shape) - 1) / 2)
