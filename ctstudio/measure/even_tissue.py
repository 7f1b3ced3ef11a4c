"""The noise that a scan holds, measured where its tissue is even."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ctstudio.measure.noise import noise_sd_hu, uniform_region
from ctstudio.measure.slices_through import slices_through

TISSUE_HU = (-150.0, 200.0)
"""Fat to contrast-filled organs, after smoothing; lungs, bowel gas and bone are never even."""

SMOOTH_PIXELS = 2.0
EDGE_PIXELS = 3
RADIUS_MM = 20.0
LEAST_RADIUS, MOST_RADIUS = 6.0, 30.0
"""Pixels. Smaller discs hold too few blocks to tell noise from anatomy; larger ones add nothing."""

MOST_SLICES = 8


@dataclass(frozen=True)
class HeldNoise:
    """The noise of a scan.

    Attributes:
        sd_hu: Median over the slices.
        slices: Which slices were measured.
        regions: (k, y, x) bool, the disc of even tissue in each.
    """

    sd_hu: float
    slices: tuple[int, ...]
    regions: NDArray[np.bool_]


def held_noise(volume_hu: NDArray[Any], pixel_mm: float) -> HeldNoise | None:
    """Measure the noise of a scan in discs of even tissue on up to eight of its slices.

    Args:
        volume_hu: (z, y, x), HU, finite.
        pixel_mm: Side of a pixel, mm.

    Returns:
        None when no slice has a disc of even tissue.

    Source: ours.
    """
    chosen = slices_through(len(volume_hu), MOST_SLICES)
    found = [(int(z), region) for z in chosen if (region := even_tissue(volume_hu[z], pixel_mm)) is not None]
    if not found:
        return None
    slices = tuple(z for z, _ in found)
    regions = np.stack([region for _, region in found])
    return HeldNoise(median_noise_sd(volume_hu[list(slices)], regions), slices, regions)


def median_noise_sd(slices_hu: NDArray[Any], regions: NDArray[np.bool_]) -> float:
    """Median over slices (k, y, x) of the noise SD in their regions (k, y, x), HU."""
    return float(np.median([noise_sd_hu(plane, region) for plane, region in zip(slices_hu, regions, strict=True)]))


def squares(slices_hu: NDArray[Any], regions: NDArray[np.bool_]) -> NDArray[Any]:
    """The largest squares inside discs: pieces (k, n, n) of slices (k, y, x) with regions (k, y, x)."""
    radius = np.sqrt(min(region.sum() for region in regions) / np.pi)
    side = int(radius * np.sqrt(2.0))
    corners = [[round(float(at.mean())) - side // 2 for at in np.nonzero(region)] for region in regions]
    parts = [plane[y : y + side, x : x + side] for plane, (y, x) in zip(slices_hu, corners, strict=True)]
    return np.stack(parts)


def even_tissue(slice_hu: NDArray[Any], pixel_mm: float) -> NDArray[np.bool_] | None:
    """The most even disc of soft tissue in a slice (y, x), HU; None when there is none of six pixels' radius.

    The disc has a radius of 20 mm where there is room.
    """
    from scipy import ndimage

    smooth = ndimage.gaussian_filter(slice_hu.astype(np.float32), SMOOTH_PIXELS)
    tissue = ndimage.binary_erosion((smooth >= TISSUE_HU[0]) & (smooth <= TISSUE_HU[1]), iterations=EDGE_PIXELS)
    if not tissue.any():
        return None
    disc = uniform_region(slice_hu, tissue, min(max(RADIUS_MM / pixel_mm, LEAST_RADIUS + 0.5), MOST_RADIUS))
    return disc if disc.sum() >= np.pi * LEAST_RADIUS**2 else None
