"""Hounsfield units and linear attenuation."""

from __future__ import annotations

from torch import Tensor

from ctstudio.measure.dose_constants import MU_WATER_PER_MM


def attenuation_from_hu(image_hu: Tensor) -> Tensor:
    """Linear attenuation, 1/mm, same shape: water 0.0192, air and anything below it 0."""
    return ((image_hu.float() + 1000.0) * (MU_WATER_PER_MM / 1000.0)).clamp_min(0.0)


def hu_difference(attenuation: Tensor) -> Tensor:
    """HU of a difference of attenuations in 1/mm, such as noise, same shape: no offset for air."""
    return attenuation * (1000.0 / MU_WATER_PER_MM)
