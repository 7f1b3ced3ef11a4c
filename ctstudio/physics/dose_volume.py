"""A whole scan at a lower dose, slice by slice."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from ctstudio.core.errors import IntensityError
from ctstudio.core.seeds import derived
from ctstudio.core.volume import Volume
from ctstudio.physics.dose import simulate_low_dose, square_slice
from ctstudio.physics.geometry import ParallelGeometry
from ctstudio.physics.noise_map import noise_map

Progress = Callable[[int, int], None]


def low_dose_volume(
    volume: Volume, dose: float, seed: int, progress: Progress | None = None, device: str = "cpu"
) -> tuple[Volume, Volume]:
    """The scan with the noise of a lower dose, and the map of that noise.

    The scan's own noise stays. Every slice has its own random stream, so a slice does not depend on the others.
    Pixels that are not square are resampled to square ones for the simulation, and the noise back again.

    Args:
        volume: A CT in HU, finite.
        dose: Fraction of the full dose, in (0, 1].
        seed: Decides the noise.
        progress: Called with (slices done, slices in all); may raise to stop the work.
        device: Where to project; the noise is the same on every device up to rounding.

    Returns:
        The image (HU, float32, synthetic) and the noise map (HU_SD, float32), both on the volume's grid.

    Raises:
        ParameterError: A dose outside (0, 1].
        IntensityError: Not HU, or NaN voxels.
        GeometryError: Slices of fewer than 3 x 3 pixels.
    """
    if not volume.is_hu:
        raise IntensityError(
            f"Low dose can be simulated on a CT in HU only, this image holds {volume.unit}.", "Choose the CT."
        )
    image = np.empty(volume.grid.shape, np.float32)
    spread = np.empty(volume.grid.shape, np.float32)
    count = volume.grid.shape[0]
    for z in range(count):
        random = torch.Generator().manual_seed(derived(seed, "low dose", z))
        plane = torch.from_numpy(volume.array[z].astype(np.float32))[None, None].to(device)
        noise = slice_noise(plane, volume.grid.spacing_mm[:2], dose, random)
        image[z] = (plane + noise)[0, 0].cpu().numpy()
        spread[z] = noise_map(noise)[0, 0].cpu().numpy()
        if progress is not None:
            progress(z + 1, count)
    name = f"{volume.name} at {dose:.0%} dose".strip()
    return (
        Volume(image, volume.grid, "CT", "HU", True, name),
        Volume(spread, volume.grid, "CT", "HU_SD", True, f"Noise map of {name}"),
    )


def slice_noise(
    slice_hu: Tensor, spacing_xy_mm: tuple[float, float], dose: float, generator: torch.Generator
) -> Tensor:
    """Noise of one slice (1, 1, y, x) of any shape and pixel spacing, HU, same shape."""
    shape = slice_hu.shape[-2:]
    pixel_mm = min(spacing_xy_mm)
    sides = [max(2, round(n * s / pixel_mm)) for n, s in zip(shape, spacing_xy_mm[::-1], strict=True)]
    even = _resized(slice_hu, sides)
    square, (top, left) = square_slice(even)
    geometry = ParallelGeometry(square.shape[-1], pixel_mm)
    noise = simulate_low_dose(square, dose, geometry, generator).noise_hu
    return _resized(noise[..., top : top + sides[0], left : left + sides[1]], list(shape))


def _resized(image: Tensor, sides: list[int]) -> Tensor:
    if list(image.shape[-2:]) == sides:
        return image
    return functional.interpolate(image, sides, mode="bilinear", align_corners=False)
