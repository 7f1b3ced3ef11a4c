"""A network that sees patches, on a volume of any size: its predictions averaged over windows that overlap.

Noise, v and x_0 are each a fixed part of x_t away from each other, so averaging any of them averages all.

Source: MedDiff-FM, section 3.3; Özdenizci and Legenstein 2023, "smoothed noise estimates": the plain mean, at every
step, before the sampler's update of the whole volume. Differs: windows always reach the end of the volume; weights may
fall towards the border of a window; windows of air alone may be left out (both ours).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Literal

import torch
from torch import Tensor

from ctstudio.catalog.window_plan import Starts, starts

Weights = Literal["gaussian", "uniform"]
PatchPredict = Callable[[Tensor, Sequence[int]], Tensor]
"""A network on windows: parts (n, C, p, p, p) and the windows' numbers, to (n, C', p, p, p) on any device."""

_SPREAD = 0.125
"""SD of the Gaussian weights, over the edge of a window (nnU-Net's)."""


@dataclass(frozen=True)
class Windows:
    """Cubes that cover a volume.

    Attributes:
        shape: Voxels (z, y, x) of the volume.
        patch: Edge of a window, voxels.
        starts: Where windows begin along each axis.
    """

    shape: tuple[int, int, int]
    patch: int
    starts: Starts

    @property
    def corners(self) -> tuple[tuple[int, int, int], ...]:
        """First voxel (z, y, x) of each window; a window's number is its place here."""
        return tuple(product(*self.starts))

    def holding(self, where: Tensor) -> tuple[int, ...]:
        """Numbers of the windows that hold a voxel of a mask (D, H, W)."""
        return tuple(n for n, corner in enumerate(self.corners) if self.part(where, corner).any())

    def part(self, volume: Tensor, corner: Sequence[int]) -> Tensor:
        """A window's voxels of a volume (..., D, H, W), as a view."""
        z, y, x = (slice(start, start + self.patch) for start in corner)
        return volume[..., z, y, x]


def lay_windows(shape: Sequence[int], patch: int, overlap: float) -> Windows:
    """Cover a volume with windows.

    Args:
        shape: Voxels (z, y, x) of the volume, each at least `patch`.
        patch: Edge of a window, voxels.
        overlap: Part of a window that its neighbour covers too, 0 to below 1.

    Raises:
        GeometryError: The volume is smaller than a window.
        ParameterError: An overlap outside its range.
    """
    z, y, x = shape
    along = starts(z, patch, overlap), starts(y, patch, overlap), starts(x, patch, overlap)
    return Windows((z, y, x), patch, along)


@torch.no_grad()
def blended(
    x: Tensor,
    windows: Windows,
    predict: PatchPredict,
    batch: int,
    weights: Weights = "gaussian",
    keep: Sequence[int] | None = None,
    skipped: float = 0.0,
) -> Tensor:
    """A network's prediction for a whole volume: the weighted mean of its predictions in windows.

    The network's device holds `batch` windows and nothing of the volume: parts are cut where `x` lies, sums are kept
    there.

    Args:
        x: (1, C, D, H, W) on any device.
        windows: Over (D, H, W).
        predict: The network, on windows; it moves parts to its device itself.
        batch: Windows a call.
        weights: "gaussian" trusts the middle of a window more than its border; "uniform" is as published.
        keep: Numbers of the windows to be done, in this order; None for all.
        skipped: What the other windows are taken to predict.

    Returns:
        (1, C', D, H, W) float32 where `x` lies; the same for any batch and order, up to rounding.
    """
    line = _line(windows.patch, weights)
    corners = windows.corners
    order = tuple(range(len(corners)) if keep is None else keep)
    sums: Tensor | None = None
    for first in range(0, len(order), batch):
        numbers = order[first : first + batch]
        parts = torch.cat([windows.part(x, corners[n]) for n in numbers])  # (n, C, p, p, p)
        told = predict(parts, numbers)  # (n, C', p, p, p)
        told = (told.float() - skipped).mul_(_cube(line.to(told.device))).to(x.device)
        if sums is None:
            sums = torch.zeros(1, told.shape[1], *windows.shape, device=x.device)
        for number, part in zip(numbers, told, strict=True):
            windows.part(sums[0], corners[number]).add_(part)
    if sums is None:
        return torch.full_like(x, skipped, dtype=torch.float32)
    return _divided(sums, windows, line).add_(skipped)


def _line(patch: int, weights: Weights) -> Tensor:
    """Weights (p,) along an axis; those of a voxel are the product of three."""
    if weights == "uniform":
        return torch.ones(patch)
    away = torch.arange(patch) - (patch - 1) / 2
    return torch.exp(-0.5 * (away / (_SPREAD * patch)) ** 2)


def _cube(line: Tensor) -> Tensor:
    return line[:, None, None] * line[:, None] * line


def _divided(sums: Tensor, windows: Windows, line: Tensor) -> Tensor:
    """Sums (1, C', D, H, W) over their weights, in place; the weights of a voxel are a product over the axes."""
    for axis, (length, begun) in enumerate(zip(windows.shape, windows.starts, strict=True)):
        total = torch.zeros(length)
        for start in begun:
            total[start : start + windows.patch] += line
        shape = [1] * 3
        shape[axis] = length
        sums /= total.view(shape).to(sums.device)
    return sums
