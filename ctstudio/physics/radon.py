"""Line integrals of a slice: the forward projection of a parallel beam."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional

from ctstudio.core.errors import GeometryError
from ctstudio.physics.geometry import ParallelGeometry

ANGLE_CHUNK = 32
"""Most angles worked on at once."""

CPU_CACHE_SAMPLES = 2**19
"""Samples worked on at once on a processor; about what its cache holds."""


@torch.no_grad()
def project(image: Tensor, geometry: ParallelGeometry) -> Tensor:
    """Line integrals, by turning the slice and summing its rows.

    Args:
        image: (B, 1, n, n) float32, any quantity per mm. Read only inside the inscribed circle.
        geometry: With `size` n.

    Returns:
        (B, 1, n, angles) float32, the quantity times mm. No gradient.

    Raises:
        GeometryError: The image does not have the geometry's size.

    Source: Radon transform as in scikit-image's `radon` (circle=True), about pixel n // 2, bilinear.
    """
    check_square(image, geometry.size)
    n, device = geometry.size, image.device
    inside = (image.float() * circle(n, device)).transpose(0, 1)  # (1, B, n, n)
    step = torch.arange(n, device=device, dtype=torch.float32) - n // 2
    parts = []
    for angle in chunks(geometry, inside.shape[1], device):
        grid = _turned(step, angle, n)  # (1, m * n, n, 2)
        turned = functional.grid_sample(inside, grid, "bilinear", "zeros", align_corners=True)
        parts.append(turned.view(-1, len(angle), n, n).sum(2))  # (B, m, n)
    return torch.cat(parts, 1).transpose(1, 2)[:, None] * geometry.pixel_mm  # (B, 1, n, angles)


def check_square(image: Tensor, size: int) -> None:
    """Raise GeometryError unless the image is (B, 1, size, size)."""
    if image.dim() != 4 or image.shape[1] != 1 or tuple(image.shape[2:]) != (size, size):
        raise GeometryError(
            f"The projection expects slices of shape (B, 1, {size}, {size}), not {tuple(image.shape)}.",
            "Pad the slice to a square first.",
        )


def circle(size: int, device: torch.device) -> Tensor:
    """(n, n) bool, True inside the inscribed circle about pixel n // 2, which every angle sees."""
    step = torch.arange(size, device=device) - size // 2
    return step[:, None] ** 2 + step[None, :] ** 2 <= (size // 2) ** 2


def chunks(geometry: ParallelGeometry, batch: int, device: torch.device) -> list[Tensor]:
    """The angles in radians, float64 on the processor, in parts that fit a processor's cache."""
    angle = torch.arange(geometry.angles, dtype=torch.float64) * (math.pi / geometry.angles)
    count = ANGLE_CHUNK
    if device.type == "cpu":
        count = max(1, min(ANGLE_CHUNK, CPU_CACHE_SAMPLES // (batch * geometry.size**2)))
    return list(angle.split(count))


def _turned(step: Tensor, angle: Tensor, n: int) -> Tensor:
    """Where the samples of the turned slice lie in the slice, (1, m * n, n, 2) in [-1, 1]."""
    cos, sin = ((value * (2 / (n - 1))).to(step) for value in (angle.cos(), angle.sin()))  # (m,)
    along, across = cos[:, None] * step, sin[:, None] * step  # (m, n)
    shift = 2 * (n // 2) / (n - 1) - 1
    grid = step.new_empty(len(angle), n, n, 2)
    torch.add(along[:, None, :] + shift, across[:, :, None], out=grid[..., 0])
    torch.sub(along[:, :, None] + shift, across[:, None, :], out=grid[..., 1])
    return grid.view(1, -1, n, 2)
