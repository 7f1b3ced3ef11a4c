"""Where each voxel of a patch lies in its region, as coordinates and as waves.

Source: MedDiff-FM, section 3.3, eq. 3 to 5. The three ways to see a volume are those of section 3.2.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class View:
    """Voxels of a region's volume that a patch shows: voxel j shows `start + step * j`, axis by axis.

    Attributes:
        start: Of the first voxel, (z, y, x); below 0 or beyond the volume where air was added.
        step: From voxel to voxel, (z, y, x).
    """

    start: tuple[float, float, float]
    step: tuple[float, float, float] = (1.0, 1.0, 1.0)


def whole(shape: Sequence[int], patch: int) -> View:
    """A: all of a volume of (z, y, x) voxels, resized to the patch."""
    z, y, x = ((n - 1) / (patch - 1) for n in shape)
    return View((0.0, 0.0, 0.0), (z, y, x))


def half_size(shape: Sequence[int], patch: int, corner: Sequence[int]) -> View:
    """B: a crop of twice the patch from a corner (z, y, x), or of all there is along short axes, resized to it."""
    z, y, x = ((min(n, 2 * patch) - 1) / (patch - 1) for n in shape)
    return View((float(corner[0]), float(corner[1]), float(corner[2])), (z, y, x))


def crop(corner: Sequence[int]) -> View:
    """C: the patch's own voxels from a corner (z, y, x). A window of a whole volume is one of these."""
    return View((float(corner[0]), float(corner[1]), float(corner[2])))


def coordinates(view: View, shape: Sequence[int], patch: int, device: torch.device | None = None) -> Tensor:
    """Where the voxels of a patch lie in the whole region.

    Args:
        view: What the patch shows.
        shape: Voxels (z, y, x) of the region's volume, without air added at its far end.
        patch: Edge of the patch, voxels.
        device: Where the result is wanted.

    Returns:
        (3, patch, patch, patch) float32 p_x, p_y, p_z in [-1, 1], clamped beyond the volume.
    """
    steps = torch.arange(patch, dtype=torch.float64)
    z, y, x = (
        (2 * (start + step * steps) / max(n - 1, 1) - 1).clamp(-1, 1)
        for start, step, n in zip(view.start, view.step, shape, strict=True)
    )  # (patch,) each
    z, y, x = torch.meshgrid(z, y, x, indexing="ij")  # (patch, patch, patch) each
    return torch.stack([x, y, z]).float().to(device)  # (3, patch, patch, patch)


def encoded(places: Tensor, frequencies: int) -> Tensor:
    """Coordinates (B, 3, ...) as waves (B, 6 L, ...) float32: sines, then cosines, of the slowest, then of the next.

    Source: eq. 5; the coordinates themselves are not among them. Without frequencies, no waves (the paper's ablation).
    """
    waves = [places.new_empty(len(places), 0, *places.shape[2:], dtype=torch.float32)]
    for level in range(frequencies):
        angles = places.float() * (2**level * torch.pi)  # (B, 3, ...)
        waves += [angles.sin(), angles.cos()]
    return torch.cat(waves, dim=1)  # (B, 6 L, ...)
