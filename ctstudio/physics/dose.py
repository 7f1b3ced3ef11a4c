"""A slice as it would have been at a lower dose: photon noise put in where it arises, in the projections."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from ctstudio.core.errors import GeometryError, IntensityError, ParameterError
from ctstudio.measure.dose_constants import photons_full_dose
from ctstudio.physics.attenuation import attenuation_from_hu, hu_difference
from ctstudio.physics.fbp import filtered_back_projection
from ctstudio.physics.geometry import ParallelGeometry
from ctstudio.physics.radon import project

AIR_HU = -1000.0


@dataclass(frozen=True)
class LowDose:
    """What a scan at a lower dose gives.

    Attributes:
        image_hu: (B, 1, n, n) float32, the slice with the noise of its dose.
        noise_hu: (B, 1, n, n) float32, that noise alone.
    """

    image_hu: Tensor
    noise_hu: Tensor


def simulate_low_dose(
    image_hu: Tensor,
    dose_fraction: Tensor | float,
    geometry: ParallelGeometry,
    generator: torch.Generator | Sequence[torch.Generator],
    photons: float | None = None,
    electronic_noise: float = 0.0,
) -> LowDose:
    """Add the noise that a scan at this dose would have.

    Args:
        image_hu: (B, 1, n, n), taken as noise-free; finite.
        dose_fraction: One dose for all, or (K,) doses with B = K or B = 1; in (0, 1]. With B = 1 all K doses share
            one projection.
        geometry: Of the slice.
        generator: On the processor, so that every device gets the same noise. One for all, or one for each slice
            that comes out: then a slice's noise does not depend on the others.
        photons: Per detector bin and angle at dose 1.0; None for `photons_full_dose` of the geometry.
        electronic_noise: SD of the detector's own noise, photons.

    Returns:
        K (or B) slices, float32, on the image's device.

    Raises:
        ParameterError: A dose outside (0, 1], photons or electronic noise that are not positive.
        GeometryError: The slice does not have the geometry's size.
        IntensityError: NaN or infinite voxels.

    Source: NA-Diff, eq. 1; Zeng et al. 2015 for counts and electronic noise. Differs: only the noise is
    reconstructed and added to the slice, so that the slice itself is not blurred by the reconstruction.
    """
    clean = project(attenuation_from_hu(finite(image_hu)), geometry)
    return low_dose_from_sinogram(image_hu, clean, dose_fraction, geometry, generator, photons, electronic_noise)


def low_dose_from_sinogram(
    image_hu: Tensor,
    clean: Tensor,
    dose_fraction: Tensor | float,
    geometry: ParallelGeometry,
    generator: torch.Generator | Sequence[torch.Generator],
    photons: float | None = None,
    electronic_noise: float = 0.0,
) -> LowDose:
    """`simulate_low_dose` with the noise-free line integrals (B, 1, n, angles) of the slice given."""
    dose = _doses(dose_fraction, clean.shape[0])
    full = photons_full_dose(geometry.pixel_mm, geometry.angles) if photons is None else photons
    if full <= 0 or electronic_noise < 0:
        raise ParameterError(
            f"{full} photons with an electronic noise of {electronic_noise} cannot be simulated.",
            "Give a positive number of photons and an electronic noise of 0 or more.",
        )
    noise = _noise_in_line_integrals(clean, dose * full, generator, electronic_noise)
    noise_hu = hu_difference(filtered_back_projection(noise, geometry))
    return LowDose(image_hu.float() + noise_hu, noise_hu)


def square_slice(slice_hu: Tensor) -> tuple[Tensor, tuple[int, int]]:
    """Pad slices (B, 1, y, x) with air to squares about their centre; also gives where (y, x) they begin."""
    height, width = slice_hu.shape[-2:]
    n = max(height, width)
    top, left = (n - height) // 2, (n - width) // 2
    sides = (left, n - width - left, top, n - height - top)
    return functional.pad(slice_hu.float(), sides, value=AIR_HU), (top, left)


def _noise_in_line_integrals(
    clean: Tensor, photons: Tensor, generator: torch.Generator | Sequence[torch.Generator], electronic: float
) -> Tensor:
    """Noisy minus clean line integrals, (K, 1, n, angles)."""
    if not isinstance(generator, torch.Generator):
        rows = [range(len(generator)) if len(each) > 1 else [0] * len(generator) for each in (clean, photons)]
        drawn = zip(*rows, generator, strict=True)
        parts = [_noise_in_line_integrals(clean[c : c + 1], photons[p : p + 1], g, electronic) for c, p, g in drawn]
        return torch.cat(parts)
    line, sent = clean.double().cpu(), photons.double().view(-1, 1, 1, 1)
    counts = torch.poisson(sent * torch.exp(-line), generator)
    if electronic > 0:
        counts = counts + electronic * torch.randn(counts.shape, generator=generator, dtype=counts.dtype)
    noisy = torch.log(sent / counts.clamp_min(1.0))
    return (noisy - line).to(clean.device, torch.float32)


def _doses(dose_fraction: Tensor | float, batch: int) -> Tensor:
    dose = torch.as_tensor(dose_fraction, dtype=torch.float64).cpu().reshape(-1)
    for value in dose.tolist():
        if not (0.0 < value <= 1.0 and math.isfinite(value)):
            raise ParameterError(f"The dose {value} is not a fraction of the full dose.", "Choose a dose in (0, 1].")
    if dose.numel() != batch and 1 not in (dose.numel(), batch):
        raise GeometryError(
            f"{dose.numel()} doses do not fit {batch} slices.", "Give one dose, one slice, or as many of each."
        )
    return dose


def finite(image_hu: Tensor) -> Tensor:
    """The slices themselves; IntensityError when a voxel is NaN or infinite."""
    if not bool(torch.isfinite(image_hu).all()):
        raise IntensityError("The slice has voxels that are NaN or infinite.", "Replace them by air (-1000 HU).")
    return image_hu
