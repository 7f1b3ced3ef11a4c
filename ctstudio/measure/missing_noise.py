"""How much noise a scan lacks at a lower dose.

The noise of a line integral l behind N photons at full dose, of which a fraction d is used, has the variance

    exp(l) / (d N)  +  e^2 exp(2 l) / (d N)^2

with the photons' part and that of the detector's own noise e. A scan that holds the noise of full dose lacks only the
difference to d = 1; one that holds none, such as a phantom, lacks all of it. Both parts keep their pattern over the
lines and only change in size with the dose, so that an image of each at full dose serves every dose.
"""

from __future__ import annotations

import math

from ctstudio.core.errors import ParameterError


def missing_noise(dose: float, noise_free: bool) -> tuple[float, float]:
    """By what to multiply the noise of full dose, photons' and detector's, to get what a scan lacks at a dose.

    Args:
        dose: Fraction of the scan's own dose, in (0, 1].
        noise_free: Whether the scan holds no noise of its own.

    Returns:
        Factors of the two parts' SD, both 0 at full dose for a scan with noise.

    Raises:
        ParameterError: A dose outside (0, 1].

    Source: Yu et al. 2012 (noise inserted into projections), from the variance of Zeng et al. 2015.
    """
    check_dose(dose)
    held = 0.0 if noise_free else 1.0
    return math.sqrt(1.0 / dose - held), math.sqrt(1.0 / dose**2 - held)


def check_dose(dose: float) -> None:
    """Raise ParameterError unless a dose is a fraction over 0 and up to 1."""
    if not 0.0 < dose <= 1.0:
        raise ParameterError(
            f"The dose {dose:g} is not a fraction of the full dose.",
            "Choose a number over 0 and up to 1, such as 0.25 for 25 %.",
        )
