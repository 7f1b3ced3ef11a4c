"""The noise that a dose will give at a point, in about a millisecond: what the dose dial shows.

The reconstruction is linear, so the variance of a pixel is the sum over the angles of the variance of the line
through it, times the gain of the filter:

    sigma^2 = (1000 / mu_water)^2 (pi / (angles pixel))^2 gain sum over angles of exp(line) / (photons dose)

The gain follows from the filter alone (`ramp.noise_gain`); nothing is fitted. Neglected: that neighbouring lines
differ, and the detector's starvation behind metal.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ctstudio.core.errors import GeometryError, MaskError, ParameterError
from ctstudio.measure.dose_constants import MU_WATER_PER_MM, REFERENCE_ANGLES, photons_full_dose
from ctstudio.measure.ramp import noise_gain

ANGLES = 60
POINTS = 9


def predicted_noise_sd_hu(slice_hu: NDArray[Any], pixel_mm: float, at: tuple[float, float], dose: float) -> float:
    """Noise SD of the simulated scan at one point.

    Args:
        slice_hu: (y, x), HU.
        pixel_mm: Side of a pixel, mm.
        at: (y, x) position in pixels, inside the slice.
        dose: Fraction of the full dose, in (0, 1].

    Returns:
        HU.

    Raises:
        ParameterError: A dose outside (0, 1].
        GeometryError: The point lies outside the slice.

    Source: ours, from the variance of filtered back-projection (Kak and Slaney, ch. 5).
    """
    if not 0.0 < dose <= 1.0:
        raise ParameterError(f"The dose {dose} is not a fraction of the full dose.", "Choose a dose in (0, 1].")
    if not all(0 <= p <= n - 1 for p, n in zip(at, slice_hu.shape, strict=True)):
        raise GeometryError(f"The point {at} lies outside a slice of {slice_hu.shape}.", "Choose a point inside.")
    mean = float(np.exp(_lines_through(slice_hu, pixel_mm, at)).mean())
    gain = noise_gain(max(slice_hu.shape))
    photons = photons_full_dose(pixel_mm, REFERENCE_ANGLES) * dose
    variance = (np.pi / pixel_mm) ** 2 / REFERENCE_ANGLES * gain * mean / photons
    return float(1000.0 / MU_WATER_PER_MM * np.sqrt(variance))


def predict_in_mask(slice_hu: NDArray[Any], mask: NDArray[np.bool_], pixel_mm: float, dose: float) -> float:
    """Median of `predicted_noise_sd_hu` over up to nine points spread through a (y, x) mask, HU.

    Raises:
        MaskError: The mask is empty.
        ParameterError: A dose outside (0, 1].
    """
    ys, xs = np.nonzero(mask)
    if len(ys) == 0:
        raise MaskError("There is no region to predict the noise in.", "Paint or choose a label first.")
    chosen = np.unique(((np.arange(POINTS) + 0.5) / POINTS * len(ys)).astype(int))
    points = [(float(ys[i]), float(xs[i])) for i in chosen]
    return float(np.median([predicted_noise_sd_hu(slice_hu, pixel_mm, point, dose) for point in points]))


def _lines_through(slice_hu: NDArray[Any], pixel_mm: float, at: tuple[float, float]) -> NDArray[np.float64]:
    """Line integrals of the attenuation through a point, one an angle over half a turn, (ANGLES,).

    As in the simulation, only the circle inscribed in the square about the slice is seen.
    """
    height, width = slice_hu.shape
    reach = max(height, width)
    angle = np.arange(ANGLES)[:, None] * (np.pi / ANGLES)
    along = np.arange(-reach, reach + 1)[None, :]
    y, x = at[0] + along * np.sin(angle), at[1] + along * np.cos(angle)
    row, column = np.floor(y + 0.5).astype(int), np.floor(x + 0.5).astype(int)
    seen = (row >= 0) & (row < height) & (column >= 0) & (column < width)
    seen &= (y - height // 2) ** 2 + (x - width // 2) ** 2 <= (reach // 2) ** 2
    hu = slice_hu[np.clip(row, 0, height - 1), np.clip(column, 0, width - 1)]
    mu = np.maximum(hu.astype(np.float64) + 1000.0, 0.0) * (MU_WATER_PER_MM / 1000.0)
    return np.asarray((mu * seen).sum(axis=1) * pixel_mm)
