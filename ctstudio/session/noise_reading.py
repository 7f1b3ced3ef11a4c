"""Noise of a slice and of its simulated twin, measured in one region: SD, spectrum, and the SD of every dose."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ctstudio.measure.even_tissue import RADIUS_MM, even_tissue, squares
from ctstudio.measure.missing_noise import missing_noise
from ctstudio.measure.noise import noise_sd_hu
from ctstudio.measure.noise_spectrum import LEAST_SIDE, noise_power_spectrum, without_plane

Numbers = NDArray[np.float64]
DOSES = tuple(round(0.05 * 20 ** (k / 24), 4) for k in range(25))
"""5 to 100 %, evenly on the dial."""


@dataclass(frozen=True)
class Curve:
    """A noise power spectrum: frequencies in 1/mm and power in HU^2 mm^2."""

    frequency: Numbers
    power: Numbers


@dataclass(frozen=True)
class NoiseReading:
    """What was measured.

    Attributes:
        centre: (y, x) of the region, pixels.
        radius: Of the region, pixels.
        own_sd_hu: SD of the scan.
        simulated_sd_hu: SD of the simulated slice.
        own: Spectrum of the scan; None where the region is too small.
        simulated: Spectrum of the simulated slice.
        sd_of_dose_hu: SD to expect at each of `DOSES`.
    """

    centre: tuple[float, float]
    radius: float
    own_sd_hu: float
    simulated_sd_hu: float
    own: Curve | None
    simulated: Curve | None
    sd_of_dose_hu: Numbers


def read_noise(
    slice_hu: NDArray[Any],
    noise_hu: tuple[NDArray[Any], NDArray[Any] | None],
    dose: float,
    noise_free: bool,
    pixel_mm: float,
    at: tuple[float, float] | None = None,
) -> NoiseReading | None:
    """Measure.

    Takes up to a few tenths of a second at 512 x 512: not for the window's thread.

    Args:
        slice_hu: (y, x), the scan.
        noise_hu: (y, x), noise at full dose: photons', and detector's or None.
        dose: Fraction.
        noise_free: Whether the scan counts as noise-free.
        pixel_mm: Side of a pixel.
        at: (y, x) to measure at; where the tissue is most even unless given.

    Returns:
        None when no tissue is even.
    """
    region = region_of(slice_hu, pixel_mm, at)
    if region is None:
        return None
    own, *parts = (0.0 if one is None else noise_sd_hu(one, region) for one in (slice_hu, *noise_hu))
    simulated = _at_dose(slice_hu, noise_hu, dose, noise_free)
    y, x = (float(place.mean()) for place in np.nonzero(region))
    return NoiseReading(
        centre=(y, x),
        radius=math.sqrt(region.sum() / math.pi),
        own_sd_hu=own,
        simulated_sd_hu=noise_sd_hu(simulated, region),
        own=spectrum_in(slice_hu, region, pixel_mm),
        simulated=spectrum_in(simulated, region, pixel_mm),
        sd_of_dose_hu=np.array([math.hypot(own, *_sized(parts, d, noise_free)) for d in DOSES]),
    )


def region_of(slice_hu: NDArray[Any], pixel_mm: float, at: tuple[float, float] | None) -> NDArray[np.bool_] | None:
    """Where noise is measured in a slice: where the tissue is most even, or a disc about a point; None for nowhere."""
    region = even_tissue(slice_hu, pixel_mm) if at is None else _disc(slice_hu.shape, at, RADIUS_MM / pixel_mm)
    return None if region is None or region.sum() < LEAST_SIDE**2 else region


def _sized(parts: list[float], dose: float, noise_free: bool) -> list[float]:
    return [part * share for part, share in zip(parts, missing_noise(dose, noise_free), strict=True)]


def _at_dose(
    slice_hu: NDArray[Any], noise_hu: tuple[NDArray[Any], NDArray[Any] | None], dose: float, noise_free: bool
) -> NDArray[Any]:
    photons, detector = missing_noise(dose, noise_free)
    image = slice_hu + photons * noise_hu[0]
    return image if noise_hu[1] is None else image + detector * noise_hu[1]


def spectrum_in(image: NDArray[Any], region: NDArray[np.bool_], pixel_mm: float) -> Curve | None:
    """Mean over nine squares that overlap, so that the curve is calm; None where eight pixels do not fit."""
    [square] = squares(image[None], region[None])
    side = max(LEAST_SIDE, 2 * len(square) // 3)
    if len(square) < side or square.shape[0] != square.shape[1]:
        return None
    corners = np.unique(np.linspace(0, len(square) - side, 3).astype(int))
    rois = np.stack([square[y : y + side, x : x + side] for y in corners for x in corners])
    return Curve(*noise_power_spectrum(without_plane(rois), pixel_mm))


def _disc(shape: tuple[int, ...], at: tuple[float, float], radius: float) -> NDArray[np.bool_]:
    """The disc about a point, moved into the slice."""
    limits = [min(radius, (n - 1) / 2) for n in shape]
    y0, x0 = (min(max(p, limit), n - 1 - limit) for p, limit, n in zip(at, limits, shape, strict=True))
    y, x = np.indices(shape)
    return np.asarray((y - y0) ** 2 + (x - x0) ** 2 <= min(limits) ** 2, np.bool_)
