"""Any dose from two scans of the same slice, one at full and one at low dose.

With n the noise of the full-dose scan, of variance s^2, noise at dose d has variance s^2 / d. The difference of the
scans D = low - full carries noise to add: x_d = x_full + a D has the total variance of dose d, and b D is one
realisation of the noise at dose d. What a and b are depends on how the low-dose scan came to be:

    inserted     low dose simulated by adding noise to the full-dose data: D does not depend on n
    independent  two real scans: D holds -n
    clean        the full-dose image holds no noise (a phantom, a natural image)

The printed relation is 1 + (1/d - 1) a^2 = 1/d, with one d on both sides: it gives a = 1 whatever the dose. On its left
the dose of the low scan must stand, 1 + (1/d_ld - 1) a^2 = 1/d. The printed (1/d - 1) b^2 = 1/d has the same slip: b
would grow with the dose, to infinity at d = 1, and is right at d = d_ld alone. The printed a for inserted noise, used
on images without noise, would give noise of 50.3, 34.6, 11.5, 6.7 and 0 where 44.7, 31.6, 14.1, 11.5 and 10 is due
(10 at full dose; d = 5, 10, 50, 75 and 100 %): that is what `clean` is for.
"""

from __future__ import annotations

import math
from typing import Literal

from torch import Tensor

from ctstudio.core.errors import GeometryError, ParameterError
from ctstudio.physics.dose import LowDose

Regime = Literal["inserted", "independent", "clean"]


def simulate_dose(x_fd: Tensor, x_ld: Tensor, d: float, d_ld: float = 0.25, regime: Regime = "inserted") -> LowDose:
    """The slice at dose d, and a realisation of its noise.

    Args:
        x_fd: Full-dose image, HU, any shape.
        x_ld: Low-dose image of the same slice and shape, HU.
        d: Wanted dose, in (0, 1].
        d_ld: Dose of `x_ld`, in (0, 1).
        regime: How the two scans are related, see above.

    Returns:
        Image and noise of dose d, same shape.

    Raises:
        ParameterError: A dose outside its range or an unknown regime.
        GeometryError: The shapes differ.

    Source: NA-Diff, eq. 7 and 8. Differs: the printed relation uses the wanted dose where the dose of the low scan
    must stand, which would make a = 1 for every dose. Assumes a linear reconstruction.
    """
    if x_fd.shape != x_ld.shape:
        raise GeometryError(
            f"The two scans have shapes {tuple(x_fd.shape)} and {tuple(x_ld.shape)}.",
            "Give two scans of the same slices on the same grid.",
        )
    a, b = dose_coefficients(d, d_ld, regime)
    difference = x_ld - x_fd
    return LowDose(x_fd + a * difference, b * difference)


def dose_coefficients(d: float, d_ld: float = 0.25, regime: Regime = "inserted") -> tuple[float, float]:
    """The factors (a, b) of the difference of two scans, see `simulate_dose`.

    Raises:
        ParameterError: d outside (0, 1], d_ld outside (0, 1), or an unknown regime.
    """
    if not 0.0 < d <= 1.0:
        raise ParameterError(f"The dose {d} is not a fraction of the full dose.", "Choose a dose in (0, 1].")
    if not 0.0 < d_ld < 1.0:
        raise ParameterError(
            f"The low-dose scan cannot have the dose {d_ld}.", "Give the fraction of the full dose, in (0, 1)."
        )
    if regime == "inserted":
        spread = 1.0 / d_ld - 1.0  # variance of D in s^2
        return math.sqrt((1.0 / d - 1.0) / spread), math.sqrt(1.0 / (d * spread))
    if regime == "independent":
        spread = 1.0 / d_ld + 1.0
        # spread a^2 - 2 a + 1 = 1 / d; of its two roots the one that adds the noise of the low scan
        return (1.0 + math.sqrt(1.0 + spread * (1.0 / d - 1.0))) / spread, math.sqrt(1.0 / (d * spread))
    if regime == "clean":
        return math.sqrt(d_ld / d), math.sqrt(d_ld / d)
    raise ParameterError(f"There is no regime '{regime}'.", "Choose inserted, independent or clean.")
