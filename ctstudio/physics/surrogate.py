"""The noise map to ask a model for, from a scan or from a painted mask alone."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ctstudio.core.errors import GeometryError
from ctstudio.measure.surrogate import surrogate_slice_hu
from ctstudio.physics.dose import simulate_low_dose
from ctstudio.physics.geometry import ParallelGeometry
from ctstudio.physics.noise_map import noise_map


def requested_noise_map(
    slice_2d: NDArray[Any], dose: float, geometry: ParallelGeometry, generator: torch.Generator, k: int = 5
) -> NDArray[np.float32]:
    """The noise map a slice would have at a dose.

    Args:
        slice_2d: (n, n). Of type uint8 it is a mask of the standard table, and a stand-in slice is made of it;
            of any other type it is HU.
        dose: Fraction of the full dose, in (0, 1].
        geometry: With `size` n.
        generator: On the processor.
        k: Odd window of the map, pixels.

    Returns:
        (n, n) float32, HU (standard deviation).

    Raises:
        ParameterError: A dose outside (0, 1].
        GeometryError: Not (n, n).
        IntensityError: NaN voxels.
    """
    if slice_2d.shape != (geometry.size, geometry.size):
        raise GeometryError(
            f"The slice has shape {slice_2d.shape}, the geometry expects {(geometry.size, geometry.size)}.",
            "Pad the slice to a square first.",
        )
    slice_hu = surrogate_slice_hu(slice_2d, geometry.pixel_mm) if slice_2d.dtype == np.uint8 else slice_2d
    image = torch.from_numpy(slice_hu.astype(np.float32))[None, None]
    noise = simulate_low_dose(image, dose, geometry, generator).noise_hu
    return np.asarray(noise_map(noise, k)[0, 0].numpy(), np.float32)
