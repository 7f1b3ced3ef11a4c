"""CT noise on natural images: the images of the first training stage."""

from __future__ import annotations

import torch
from torch import Tensor

from ctstudio.core.errors import IntensityError
from ctstudio.measure.dose_constants import MU_WATER_PER_MM
from ctstudio.physics.dose import low_dose_from_sinogram
from ctstudio.physics.geometry import ParallelGeometry
from ctstudio.physics.radon import project
from ctstudio.physics.two_scans import simulate_dose

MU_WHITE_PER_MM = 0.02
"""Attenuation of a white pixel, 1/mm; about that of water."""

PHOTONS = 1e5
"""For each detector bin and angle at dose 1.0. A ray through 256 mm of white keeps 30 of them at 5 %."""

FIELD_MM = 256.0
"""Width of a picture; 256 pixels are 1 mm each."""

LOW_DOSE = 0.25


def natural_noise(image: Tensor, dose: Tensor, generator: torch.Generator, scaled: bool = False) -> Tensor:
    """The noise that a scanner would add to a picture.

    Args:
        image: (1, 1, n, n) grey values in [0, 1]; 1 attenuates as water does. Only the inscribed circle is seen.
        dose: (K,) fractions of the full dose, in (0, 1].
        generator: On the processor.
        scaled: Draw the noise of a quarter dose once and scale it to each dose, as the paper does, instead of drawing
            photons at each dose.

    Returns:
        (K, 1, n, n) float32 noise in grey values.

    Raises:
        IntensityError: Values outside [0, 1].
        ParameterError: A dose outside (0, 1].

    Source: NA-Diff, eq. 1 (Radon transform, Poisson counts, Hann filter), at least one photon a bin; eq. 7 and 8 with a
    noise-free full-dose image for `scaled`. Differs: only the noise is reconstructed; the picture is not blurred.
    """
    if not bool(((image >= 0) & (image <= 1)).all()):
        raise IntensityError("The picture has values outside 0 to 1.", "Scale its grey values to that range.")
    geometry = ParallelGeometry(image.shape[-1], FIELD_MM / image.shape[-1])
    lines = project(image * MU_WHITE_PER_MM, geometry)
    drawn = torch.tensor([LOW_DOSE]) if scaled else dose
    noise = low_dose_from_sinogram(image, lines, drawn, geometry, generator, PHOTONS).noise_hu
    noise = noise * (MU_WATER_PER_MM / 1000.0 / MU_WHITE_PER_MM)  # (K, 1, n, n)
    if not scaled:
        return noise
    return torch.cat([simulate_dose(image, image + noise, d, LOW_DOSE, "clean").noise_hu for d in dose.tolist()])
