"""The noise that a scan of these slices has at full dose, in two parts that every other dose is made of."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from ctstudio.measure.scanner import Scanner
from ctstudio.physics.attenuation import attenuation_from_hu, hu_difference
from ctstudio.physics.dose import finite, square_slice
from ctstudio.physics.fbp import filtered_back_projection
from ctstudio.physics.fluence import fluence
from ctstudio.physics.geometry import ParallelGeometry
from ctstudio.physics.radon import project

LINES_SIDE = 256
"""Pixels along a side that are enough for line integrals: noise wants them within a percent, not each edge."""


class NoiseParts(NamedTuple):
    """Noise at full dose, HU, (B, 1, y, x): the photons', and the detector's own, None where it has none."""

    photons: Tensor
    detector: Tensor | None

    def at(self, shares: tuple[float, float]) -> Tensor:
        """Both together, multiplied by the factors of a dose (`missing_noise`)."""
        noise = self.photons * shares[0]
        return noise if self.detector is None else noise + self.detector * shares[1]


def full_dose_noise(
    slices_hu: Tensor,
    spacing_xy_mm: tuple[float, float],
    photons: Tensor,
    scanner: Scanner,
    seeds: Sequence[int],
) -> NoiseParts:
    """Noise of slices of any shape and pixel spacing.

    Pixels that are not square are resampled to square ones for the simulation, and the noise back again.

    Args:
        slices_hu: (B, 1, y, x), HU, finite.
        spacing_xy_mm: Pixel spacing along x and y, mm.
        photons: (B,) that leave the tube for one detector bin and angle at full dose.
        scanner: Whose noise.
        seeds: One for each slice; its noise depends on no other slice and, each part, on no setting of the other.

    Raises:
        IntensityError: NaN or infinite voxels.

    Source: Yu et al. 2012: normal noise of the variance in `measure.missing_noise` put into the line integrals, at
    least one photon a bin. Differs: only the noise is reconstructed, so that the slice is not blurred, and with the
    kernel that is asked for; line integrals of slices over 256 pixels are taken at half the resolution or less.
    """
    shape = slices_hu.shape[-2:]
    pixel_mm = min(spacing_xy_mm)
    sides = [max(2, round(n * s / pixel_mm)) for n, s in zip(shape, spacing_xy_mm[::-1], strict=True)]
    square, (top, left) = square_slice(_resized(finite(slices_hu), sides))
    geometry = ParallelGeometry(square.shape[-1], pixel_mm)
    lines = _line_integrals(square, geometry)
    sent = photons.to(lines).view(-1, 1, 1, 1) * fluence(lines, geometry, scanner)
    spread = (sent * torch.exp(-lines)).clamp_min(1.0).rsqrt()  # SD of a line integral from its photons

    def part(purpose: int, sd: Tensor) -> Tensor:
        noise = torch.cat([_normal(seed, purpose, geometry) for seed in seeds]).to(sd) * sd
        noise_hu = hu_difference(filtered_back_projection(noise, geometry, scanner.kernel, scanner.cutoff))
        return _resized(noise_hu[..., top : top + sides[0], left : left + sides[1]], list(shape))

    detector = part(1, scanner.electronic_noise * spread**2) if scanner.electronic_noise else None
    return NoiseParts(part(0, spread), detector)


def _line_integrals(square_hu: Tensor, geometry: ParallelGeometry) -> Tensor:
    """Line integrals (B, 1, n, angles) of slices (B, 1, n, n), from smaller slices where they are large."""
    n = geometry.size
    side = math.ceil(n / math.ceil(n / LINES_SIDE))
    small = ParallelGeometry(side, geometry.pixel_mm * n / side, geometry.angles)
    lines = project(attenuation_from_hu(_resized(square_hu, [side, side])), small)
    return _resized(lines, [n, geometry.angles])


def _normal(seed: int, purpose: int, geometry: ParallelGeometry) -> Tensor:
    """Normal numbers (1, 1, n, angles) that depend on the seed and the part alone; on the processor."""
    generator = torch.Generator().manual_seed(seed ^ purpose)
    return torch.randn(1, 1, geometry.size, geometry.angles, generator=generator)


def _resized(image: Tensor, sides: list[int]) -> Tensor:
    if list(image.shape[-2:]) == sides:
        return image
    return functional.interpolate(image, sides, mode="bilinear", align_corners=False)
