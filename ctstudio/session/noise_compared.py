"""Noise of a slice before and after denoising, measured in one region: SD, mean and spectrum of both."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ctstudio.measure.noise import noise_sd_hu
from ctstudio.session.noise_reading import Curve, region_of, spectrum_in


@dataclass(frozen=True)
class NoiseCompared:
    """What was measured.

    Attributes:
        centre: (y, x) of the region, pixels.
        radius: Of the region, pixels.
        sd_hu: SD before and after.
        mean_hu: Mean before and after: it should stay.
        spectra: Noise power before and after; None where the region is too small.
    """

    centre: tuple[float, float]
    radius: float
    sd_hu: tuple[float, float]
    mean_hu: tuple[float, float]
    spectra: tuple[Curve | None, Curve | None]


def compare_noise(
    before_hu: NDArray[np.generic],
    after_hu: NDArray[np.generic],
    pixel_mm: float,
    at: tuple[float, float] | None = None,
) -> NoiseCompared | None:
    """Measure both in the region that is most even before, or about a point.

    Takes up to a few tenths of a second at 512 x 512: not for the window's thread.

    Args:
        before_hu: (y, x).
        after_hu: (y, x), on the same pixels.
        pixel_mm: Side of a pixel.
        at: (y, x) to measure at; where the tissue is most even unless given.

    Returns:
        None when no tissue is even.
    """
    region = region_of(before_hu, pixel_mm, at)
    if region is None:
        return None
    y, x = (float(place.mean()) for place in np.nonzero(region))
    sds = noise_sd_hu(before_hu, region), noise_sd_hu(after_hu, region)
    means = float(before_hu[region].mean()), float(after_hu[region].mean())
    spectra = spectrum_in(before_hu, region, pixel_mm), spectrum_in(after_hu, region, pixel_mm)
    return NoiseCompared((y, x), math.sqrt(region.sum() / math.pi), sds, means, spectra)
