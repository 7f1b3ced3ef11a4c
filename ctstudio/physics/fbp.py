"""A slice from its line integrals: filtered back-projection of a parallel beam."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional

from ctstudio.core.errors import GeometryError
from ctstudio.measure.ramp import FilterName, padded_detectors, ramp_response, transform_length
from ctstudio.physics.geometry import ParallelGeometry
from ctstudio.physics.radon import chunks, circle


@torch.no_grad()
def filtered_back_projection(sinogram: Tensor, geometry: ParallelGeometry, filter: FilterName = "hann") -> Tensor:
    """The slice whose line integrals these are. Linear in the sinogram.

    Args:
        sinogram: (B, 1, n, angles) float32, line integrals (a quantity times mm).
        geometry: As used for the projection.
        filter: "hann" is smooth, "ramp" is sharp and noisy.

    Returns:
        (B, 1, n, n) float32, the quantity per mm; 0 outside the inscribed circle. No gradient.

    Raises:
        GeometryError: The sinogram does not have the geometry's shape.

    Source: as scikit-image's `iradon` (circle=True, linear interpolation), projections padded to the diagonal.
    """
    n, device = geometry.size, sinogram.device
    if sinogram.dim() != 4 or tuple(sinogram.shape[1:]) != (1, n, geometry.angles):
        raise GeometryError(
            f"The sinogram has shape {tuple(sinogram.shape)}, the geometry expects (B, 1, {n}, {geometry.angles}).",
            "Reconstruct with the geometry that made the projections.",
        )
    filtered = _filtered(sinogram[:, 0].transpose(1, 2).float(), n, filter)  # (B, angles, d)
    seen = circle(n, device)
    y, x = (index.float() - n // 2 for index in seen.nonzero(as_tuple=True))  # (P,)
    total = filtered.new_zeros(filtered.shape[0], x.numel())
    done = 0
    for angle in chunks(geometry, filtered.shape[0], device):
        part = filtered[:, done : done + len(angle)].transpose(0, 1)[:, :, None]  # (m, B, 1, d)
        grid = _detector_of(x, y, angle, part.shape[-1])  # (m, 1, P, 2)
        total += functional.grid_sample(part, grid, "bilinear", "zeros", align_corners=True)[:, :, 0].sum(0)
        done += len(angle)
    slices = filtered.new_zeros(filtered.shape[0], n, n)
    slices[:, seen] = total * (math.pi / (2 * geometry.angles * geometry.pixel_mm))
    return slices[:, None]  # (B, 1, n, n)


def _filtered(rows: Tensor, n: int, name: FilterName) -> Tensor:
    """Projections (B, angles, n) after the ramp, padded to the diagonal: (B, angles, d)."""
    wide = padded_detectors(n)
    before = wide // 2 - n // 2
    length = transform_length(n)
    response = torch.as_tensor(ramp_response(length, name), dtype=torch.float32, device=rows.device)
    padded = functional.pad(rows, (before, wide - n - before))
    return torch.fft.irfft(torch.fft.rfft(padded, n=length) * response, n=length)[..., :wide]


def _detector_of(x: Tensor, y: Tensor, angle: Tensor, wide: int) -> Tensor:
    """For each angle and pixel its detector, (m, 1, P, 2) in [-1, 1]; the second coordinate is 0."""
    scale = 2 / (wide - 1)
    cos, sin = ((value * scale).to(x)[:, None] for value in (angle.cos(), angle.sin()))  # (m, 1)
    grid = x.new_zeros(len(angle), 1, x.numel(), 2)
    across = cos * x + (2 * (wide // 2) / (wide - 1) - 1)
    grid[:, 0, :, 0] = across - sin * y
    return grid
