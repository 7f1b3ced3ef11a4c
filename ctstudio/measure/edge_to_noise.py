"""A figure of image quality that nobody had to learn: how far edges stand out of the noise."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ctstudio.core.errors import GeometryError

RANGE_HU = (-160.0, 240.0)
"""Images are clipped to the soft tissue window first."""

TISSUE_HU = (-50.0, 200.0)
"""Noise is measured where the smoothed image lies between: soft organs, without air, fat and bone."""

EDGE_SCALE_PIXELS = 1.5
"""SD of the Gaussian whose slope is taken: wide enough that noise adds little to the strongest edges."""

EDGE_PERCENTILE = 98.0
NOISE_SCALE_PIXELS = 2.0
"""SD of the Gaussian that takes the anatomy away; what it leaves is noise and edges."""

NOISE_PERCENTILE = 3.0
"""The most uniform places tell the noise: elsewhere edges are taken for it."""

QUIETEST_HU = 0.5
"""Noise below this counts as this: images without any would have no finite index."""

LEAST_PIXELS = 121


def edge_to_noise_db(image_hu: NDArray[Any]) -> float:
    """Strength of the strong edges over the noise, dB; higher is better.

    20 log10(edge / noise). `edge` is the 98th percentile of the slope of the smoothed slice, as a step over one
    smoothing length; `noise` is the SD of the fine structure in the most uniform soft tissue. Doubling the noise costs
    6 dB. Blurring the edges costs as well, but smoothing that takes more noise than edge away gains.

    Args:
        image_hu: (y, x) HU, at least 16 pixels along both.

    Returns:
        dB.

    Raises:
        GeometryError: The slice is too small.

    Source: ours. It is no reader's score: it knows neither artefacts nor anatomy.
    """
    from scipy import ndimage

    if image_hu.ndim != 2 or min(image_hu.shape) < 16:
        raise GeometryError(
            f"Edges and noise cannot be told apart in {image_hu.shape} pixels.", "Give at least 16 x 16 pixels."
        )
    image = np.clip(image_hu.astype(np.float64), *RANGE_HU)
    slope = ndimage.gaussian_gradient_magnitude(image, EDGE_SCALE_PIXELS)
    edge_hu = float(np.percentile(slope, EDGE_PERCENTILE)) * EDGE_SCALE_PIXELS
    noise_hu = _uniform_noise_hu(image)
    return float(20.0 * np.log10(max(edge_hu, QUIETEST_HU) / max(noise_hu, QUIETEST_HU)))


def _uniform_noise_hu(image: NDArray[np.float64]) -> float:
    from scipy import ndimage

    fine = image - ndimage.gaussian_filter(image, NOISE_SCALE_PIXELS)
    variance = ndimage.gaussian_filter(fine**2, 2.0 * NOISE_SCALE_PIXELS)
    smooth = ndimage.gaussian_filter(image, 2.0 * EDGE_SCALE_PIXELS)
    tissue = (smooth > TISSUE_HU[0]) & (smooth < TISSUE_HU[1])
    where = variance[tissue] if tissue.sum() >= LEAST_PIXELS else variance.ravel()
    return float(np.sqrt(np.percentile(where, NOISE_PERCENTILE)))
