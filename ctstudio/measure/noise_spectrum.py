"""The noise power spectrum: how the noise is spread over fine and coarse grain."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ctstudio.core.errors import GeometryError

LEAST_SIDE = 8


class Spectrum2D(NamedTuple):
    """A two-dimensional spectrum.

    Attributes:
        frequency_per_mm: (n,) of both axes, 1/mm, 0 first, as `numpy.fft.fftfreq` orders them.
        power: (n, n), HU^2 mm^2.
    """

    frequency_per_mm: NDArray[np.float64]
    power: NDArray[np.float64]

    @property
    def variance(self) -> float:
        """Integral over all frequencies, HU^2."""
        step = 1.0 / (len(self.frequency_per_mm) * self.pixel_mm)
        return float(self.power.sum() * step**2)

    @property
    def pixel_mm(self) -> float:
        """Side of a pixel of the regions, mm."""
        return float(1.0 / (len(self.frequency_per_mm) * self.frequency_per_mm[1]))


def noise_power_spectrum_2d(rois: NDArray[Any], pixel_mm: float) -> Spectrum2D:
    """Mean two-dimensional noise power spectrum of square regions.

    Args:
        rois: (k, n, n), HU, uniform apart from noise; each region's mean is removed.
        pixel_mm: Side of a pixel, mm.

    Returns:
        HU^2 mm^2. Its integral over all frequencies is the variance about the regions' means.

    Raises:
        GeometryError: Not (k, n, n) with n of at least 8.

    Source: ICRU report 87.
    """
    if rois.ndim != 3 or rois.shape[1] != rois.shape[2] or rois.shape[1] < LEAST_SIDE:
        raise GeometryError(
            f"A noise spectrum needs square regions (k, n, n) with n of at least 8, not {rois.shape}.",
            "Choose larger square regions.",
        )
    n = rois.shape[1]
    noise = rois - rois.mean(axis=(1, 2), keepdims=True)
    power = (np.abs(np.fft.fft2(noise)) ** 2).mean(axis=0) * (pixel_mm / n) ** 2
    return Spectrum2D(np.asarray(np.fft.fftfreq(n, pixel_mm), np.float64), power)


def noise_power_spectrum(rois: NDArray[Any], pixel_mm: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Radial noise power spectrum of square regions.

    Args:
        rois: (k, n, n), HU, uniform apart from noise; each region's mean is removed.
        pixel_mm: Side of a pixel, mm.

    Returns:
        Frequencies (m,) in 1/mm up to 1 / (2 pixel), and the spectrum (m,) in HU^2 mm^2: the mean of the
        two-dimensional spectrum over rings of one frequency step.

    Raises:
        GeometryError: Not (k, n, n) with n of at least 8.
    """
    power = noise_power_spectrum_2d(rois, pixel_mm).power
    n = rois.shape[1]
    frequency = np.fft.fftfreq(n)
    ring = np.round(np.hypot(frequency[:, None], frequency[None, :]) * n).astype(int)
    count = n // 2 + 1
    inside = ring < count
    total = np.bincount(ring[inside], power[inside], minlength=count)
    rings = np.bincount(ring[inside], minlength=count)
    return np.arange(count) / (n * pixel_mm), total / rings


def mean_frequency(rois: NDArray[Any], pixel_mm: float = 1.0) -> float:
    """Mean frequency of the noise in square regions (k, n, n), weighted by its power, 1/mm.

    Slow anatomy is taken away as a plane; the regions fade out at their edges, so that what is left of it does not
    spill into the fine grain. Frequencies beyond 1 / (2 pixel) in the corners do not count.

    Raises:
        GeometryError: Not (k, n, n) with n of at least 8.
    """
    n = rois.shape[-1]
    fade = np.hanning(n + 2)[1:-1]
    spectrum = noise_power_spectrum_2d(without_plane(rois) * fade * fade[:, None], pixel_mm)
    frequency = np.hypot(spectrum.frequency_per_mm[:, None], spectrum.frequency_per_mm[None, :])
    power = np.where(frequency * pixel_mm <= 0.5, spectrum.power, 0.0)
    return float((power * frequency).sum() / max(power.sum(), 1e-12))


def without_plane(rois: NDArray[Any]) -> NDArray[np.float64]:
    """Regions (k, n, n) less the plane that fits each best."""
    n = rois.shape[-1]
    y, x = np.indices((n, n)) - n // 2
    plane, _ = np.linalg.qr(np.stack([np.ones((n, n)), y, x]).reshape(3, -1).T)
    flat = rois.reshape(len(rois), -1).astype(np.float64)
    flat = flat - flat.mean(axis=1, keepdims=True)
    return np.asarray((flat - (flat @ plane) @ plane.T).reshape(rois.shape))
