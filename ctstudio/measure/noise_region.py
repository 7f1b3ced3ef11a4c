"""Where in a mask noise is measured and predicted: the same place for both, or they could not be compared."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ctstudio.core.labels import values_of

LIVER = ("liver", "liver_lesion")
EVEN_ORGANS = (
    "spleen",
    "kidney_right",
    "kidney_left",
    "kidney",
    "pancreas",
    "gallbladder",
    "heart",
    "aorta",
    "inferior_vena_cava",
    "urinary_bladder",
    "autochthon_left",
    "autochthon_right",
    "iliopsoas_left",
    "iliopsoas_right",
    "skeletal_muscle",
    "lesion",
)
"""Soft organs in which noise can be told from anatomy, and which a soft tissue window does not clip."""


def noise_region(labels: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """The liver if it is drawn anywhere, else every even organ, else all of the mask.

    Args:
        labels: Any shape, values of the standard table.

    Returns:
        Same shape.
    """
    for names in (LIVER, EVEN_ORGANS):
        region = np.isin(labels, values_of(names))
        if region.any():
            return np.asarray(region, bool)
    return np.asarray(labels > 0, bool)
