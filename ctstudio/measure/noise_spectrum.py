"""The noise power spectrum: how the noise is spread over fine and coarse grain."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ctstudio.core.errors import GeometryError


def noise_power_spectrum(rois: NDArray[Any], pixel_mm: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Radial noise power spectrum of square regions.

    Args:
        rois: (k, n, n), HU, uniform apart from noise; each region's mean is removed.
        pixel_mm: Side of a pixel, mm.

    Returns:
        Frequencies (m,) in 1/mm up to 1 / (2 pixel), and the spectrum (m,) in HU^2 mm^2. The integral of the
        two-dimensional spectrum over all frequencies is the variance.

    Raises:
        GeometryError: Not (k, n, n) with n of at least 8.

    Source: ICRU report 87, the two-dimensional spectrum, averaged over rings of one frequency step.
    """
    if rois.ndim != 3 or rois.shape[1] != rois.shape[2] or rois.shape[1] < 8:
        raise GeometryError(
            f"A noise spectrum needs square regions (k, n, n) with n of at least 8, not {rois.shape}.",
            "Choose larger square regions.",
        )
    n = rois.shape[1]
    noise = rois - rois.mean(axis=(1, 2), keepdims=True)
    power = (np.abs(np.fft.fft2(noise)) ** 2).mean(axis=0) * (pixel_mm / n) ** 2
    frequency = np.fft.fftfreq(n)
    ring = np.round(np.hypot(frequency[:, None], frequency[None, :]) * n).astype(int)
    count = n // 2 + 1
    inside = ring < count
    total = np.bincount(ring[inside], power[inside], minlength=count)
    rings = np.bincount(ring[inside], minlength=count)
    return np.arange(count) / (n * pixel_mm), total / rings
