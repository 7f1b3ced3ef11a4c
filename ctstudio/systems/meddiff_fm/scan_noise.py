"""How strong the noise of a scan is, measured in the soft tissue of the patient."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ctstudio.core.errors import MaskError
from ctstudio.core.labels import LabelMap, standard_table
from ctstudio.core.resample import labels_onto
from ctstudio.core.volume import Volume
from ctstudio.measure.noise import LEAST_PIXELS, noise_sd_hu
from ctstudio.measure.noise_region import noise_region
from ctstudio.systems.meddiff_fm.anatomy import Patient
from ctstudio.systems.meddiff_fm.placement import Placement

_MOST_SLICES = 24
_SOFT_HU = (-150.0, 250.0)
"""Soft tissue with its noise; lung, bone and contrast have edges of their own."""


def noise_mask(scan: Volume, placement: Placement, patient: Patient) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
    """Where noise is measured: numbers of some slices, and (n, y, x) voxels in them."""
    work = LabelMap(patient.classes, placement.work, standard_table())
    classes = labels_onto(work, scan.grid).array
    filled = np.flatnonzero(classes.any(axis=(1, 2)))
    slices = filled[np.linspace(0, len(filled) - 1, min(len(filled), _MOST_SLICES)).astype(int)]
    values = scan.array[slices]
    soft = (values > _SOFT_HU[0]) & (values < _SOFT_HU[1]) & (classes[slices] > 0)
    even = soft & noise_region(classes[slices])
    return slices, even if even.sum() >= LEAST_PIXELS else soft


def scan_noise_hu(array: NDArray[np.generic], where: tuple[NDArray[np.intp], NDArray[np.bool_]]) -> float:
    """SD of the noise of (z, y, x) HU at those places, HU.

    Raises:
        MaskError: There is no soft tissue to measure it in.
    """
    slices, mask = where
    if int(mask.sum()) < LEAST_PIXELS:
        raise MaskError("There is no soft tissue to measure the noise in.", "Say how strong it is (--sigma-hu).")
    return noise_sd_hu(np.asarray(array)[slices], mask)
