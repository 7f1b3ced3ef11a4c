"""The constants that the dose simulation and its prediction share.

Ours: dose 1.0 is defined by the noise it gives, not by a tube current. A water ellipse of 330 x 240 mm,
reconstructed from 180 angles with the Hann filter at 1.5 mm, has a noise SD of 15 HU at its centre.
"""

from __future__ import annotations

MU_WATER_PER_MM = 0.0192
"""Linear attenuation of water at about 70 keV, 1/mm; that of air is taken as 0."""

REFERENCE_NOISE_SD_HU = 15.0
"""Noise SD that defines dose 1.0, HU, at the centre of the reference body."""

REFERENCE_BODY_MM = (330.0, 240.0)
"""Width and depth of the reference body, an ellipse of water, mm."""

REFERENCE_PIXEL_MM = 1.5
REFERENCE_ANGLES = 180

PHOTONS_FULL_DOSE = 411_000.0
"""Photons that leave the tube for one detector bin and angle at dose 1.0, at the reference pixel and angles.

Calibrated: 48 simulated scans of the reference body (256 x 256 pixels), root mean variance over a disc of
20 mm radius at its centre: 18.86 HU at 260 000 photons; the variance goes with 1 / photons.
"""


def photons_full_dose(pixel_mm: float, angles: int = REFERENCE_ANGLES) -> float:
    """Photons per detector bin and angle at dose 1.0, for any pixel size and number of angles.

    Filtered back-projection gives a noise variance that goes with 1 / (photons x angles x pixel^2). The photons
    are scaled against that, so that dose 1.0 means the same image noise on every grid. Source: ours.
    """
    return PHOTONS_FULL_DOSE * (REFERENCE_PIXEL_MM / pixel_mm) ** 2 * REFERENCE_ANGLES / angles
