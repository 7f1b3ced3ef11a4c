"""How many photons a scan was made with, from the noise that it holds."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any, Literal, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from ctstudio.core.seeds import derived
from ctstudio.measure.dose_constants import photons_full_dose
from ctstudio.measure.even_tissue import MOST_SLICES, held_noise, median_noise_sd, squares
from ctstudio.measure.scanner import Exposure, Scanner
from ctstudio.physics.full_dose_noise import full_dose_noise
from ctstudio.physics.matched_kernel import matched_cutoff

NOISE_FREE_HU = 3.0
"""A scan with less noise than this holds none worth counting. Ours."""

NOISE_FREE_SHARE = 0.5
"""A made image with less than this part of the noise of the reference dose is a phantom: its texture is no noise."""


def reference_photons(spacing_xy_mm: tuple[float, float]) -> float:
    """Photons for each detector bin and angle that give the reference noise (`measure.dose_constants`)."""
    return photons_full_dose(min(spacing_xy_mm))


class Match(NamedTuple):
    """What the noise of a scan tells: how it was exposed, and the scanner with a kernel as fine as its own."""

    exposure: Exposure
    scanner: Scanner


def match_noise(
    volume_hu: NDArray[Any],
    spacing_xy_mm: tuple[float, float],
    scanner: Scanner,
    synthetic: bool = False,
    match_kernel: bool = False,
) -> Match:
    """Measure the noise that a scan holds, and find the photons, and the kernel, that give it.

    The same discs of even tissue are measured in the scan and in noise simulated with the reference photons, so that
    what the measurement does to the noise falls out.

    Args:
        volume_hu: (z, y, x), HU, finite.
        spacing_xy_mm: Pixel spacing, mm.
        scanner: Whose noise is simulated; the tube current is taken as even over the slices.
        synthetic: Whether the image was made rather than acquired.
        match_kernel: Whether to take the Hann kernel whose noise has the mean frequency of the scan's.

    Returns:
        The reference photons, and noise-free, for a scan with hardly any noise; the reference photons without a
        measurement where no tissue is even.

    Source: ours.
    """
    photons = reference_photons(spacing_xy_mm)
    held = held_noise(volume_hu, min(spacing_xy_mm))
    if held is None:
        return Match(Exposure(photons, noise_free=synthetic), scanner)
    slices = volume_hu[list(held.slices)].astype(np.float32)
    own = scanner
    if match_kernel:
        own = replace(scanner, kernel="hann", cutoff=matched_cutoff(squares(slices, held.regions)))
    photons_sd, detector_sd = _reference_sd(slices, held.regions, spacing_xy_mm, own)
    free = NOISE_FREE_SHARE * math.hypot(photons_sd, detector_sd) if synthetic else NOISE_FREE_HU
    if held.sd_hu < free:
        return Match(Exposure(photons, noise_free=True, held_sd_hu=held.sd_hu), scanner)
    photons /= _times(photons_sd, detector_sd, held.sd_hu)
    return Match(Exposure(photons, noise_free=False, held_sd_hu=held.sd_hu), own)


def plan_exposure(
    volume_hu: NDArray[Any],
    spacing_xy_mm: tuple[float, float],
    scanner: Scanner,
    synthetic: bool = False,
    regime: Literal["auto", "inserted", "clean"] = "auto",
    photons: float = 0.0,
    measure: bool = True,
    match_kernel: bool = False,
) -> Match:
    """How a scan is taken to have been exposed: what is given wins over what is measured.

    Args:
        volume_hu: (z, y, x), HU, finite.
        spacing_xy_mm: Pixel spacing, mm.
        scanner: Whose noise.
        synthetic: Whether the image was made rather than acquired.
        regime: Whether the scan holds the noise of its dose ("inserted") or none ("clean"); "auto" measures it.
        photons: At the scan's own dose; 0 to find them.
        measure: Whether photons that are not given are those that make the scan's noise; otherwise the reference.
        match_kernel: Whether the kernel follows the scan's noise.
    """
    reference = reference_photons(spacing_xy_mm)
    if regime == "clean" or not (measure or match_kernel or regime == "auto"):
        return Match(Exposure(photons or reference, noise_free=regime == "clean"), scanner)
    found = match_noise(volume_hu, spacing_xy_mm, scanner, synthetic, match_kernel)
    noise_free = found.exposure.noise_free and regime == "auto"
    sent = photons or (found.exposure.photons if measure else reference)
    return Match(Exposure(sent, noise_free, found.exposure.held_sd_hu), found.scanner)


def _reference_sd(
    slices: NDArray[np.float32], regions: NDArray[np.bool_], spacing_xy_mm: tuple[float, float], scanner: Scanner
) -> tuple[float, float]:
    """Noise SD of slices (k, y, x) in their regions with the reference photons: photons' and detector's, HU."""
    repeats = math.ceil(MOST_SLICES / len(slices))
    slices, regions = np.repeat(slices, repeats, 0), np.repeat(regions, repeats, 0)
    sent = torch.full((len(slices),), reference_photons(spacing_xy_mm))
    seeds = [derived(k, "reference noise") for k in range(len(slices))]
    parts = full_dose_noise(torch.from_numpy(slices)[:, None], spacing_xy_mm, sent, scanner, seeds)
    photons_sd = median_noise_sd(parts.photons[:, 0].numpy(), regions)
    return photons_sd, 0.0 if parts.detector is None else median_noise_sd(parts.detector[:, 0].numpy(), regions)


def _times(photons_sd: float, detector_sd: float, wanted_sd: float) -> float:
    """By what to divide the photons, so that own^2 x + detector^2 x^2 becomes wanted^2."""
    a, b, c = detector_sd**2, photons_sd**2, wanted_sd**2
    return c / b if a == 0.0 else (math.sqrt(b * b + 4 * a * c) - b) / (2 * a)
