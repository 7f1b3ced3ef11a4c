"""One array on a grid, and what its numbers mean."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ctstudio.core.errors import GeometryError
from ctstudio.core.grid import Grid

Modality = Literal["CT", "PT", "MR", "OT"]
Unit = Literal["HU", "SUV", "HU_SD", "arbitrary"]


@dataclass(frozen=True)
class Volume:
    """An image.

    Attributes:
        array: (z, y, x), any real dtype.
        grid: Its placement; `grid.shape == array.shape`.
        modality: DICOM modality code.
        unit: Meaning of a voxel's value. `HU_SD` is a noise map: local standard deviation in HU.
        synthetic: True when any of the content was made rather than acquired.
        name: What the user calls it.

    Raises:
        GeometryError: Array and grid differ in shape.
    """

    array: NDArray[Any]
    grid: Grid
    modality: Modality = "CT"
    unit: Unit = "HU"
    synthetic: bool = False
    name: str = ""

    def __post_init__(self) -> None:
        if self.array.shape != self.grid.shape:
            raise GeometryError(
                f"The array has shape {self.array.shape}, its grid says {self.grid.shape}.",
                "This is a fault in the program; please report it.",
            )

    @property
    def is_hu(self) -> bool:
        """Whether the voxels are Hounsfield units."""
        return self.unit == "HU"

    def finite(self) -> bool:
        """Whether no voxel is NaN or infinite."""
        return self.array.dtype.kind in "iub" or bool(np.isfinite(self.array).all())
