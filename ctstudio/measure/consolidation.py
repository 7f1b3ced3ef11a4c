"""How much of each lobe is consolidated: dense lung that is neither vessel nor airway."""

from __future__ import annotations

import numpy as np

from ctstudio.core.labels import LUNG_LOBES
from ctstudio.core.volume import Volume
from ctstudio.measure.chest_anatomy import ChestAnatomy, Mask, ball, checked

DENSE_HU = -190.0
"""Midway between a hazy rim and consolidated lung."""

THICK_MM = 4.0
"""Radius of a ball that must fit, so that fissures and what is left of vessels do not count."""

LEAST_ML = 9.0
"""Smaller lumps are nodules."""


def consolidation_mask(ct: Volume, anatomy: ChestAnatomy) -> Mask:
    """(z, y, x) where a lobe is consolidated.

    Args:
        ct: Chest CT in HU.
        anatomy: Filled lobes, vessels and airway.

    Raises:
        IntensityError, GeometryError, MaskError: It cannot be measured.

    Source: ours. A mass larger than 9 ml counts too: HU alone do not tell it from consolidation.
    """
    from scipy import ndimage

    dense = (checked(ct, anatomy) > DENSE_HU) & anatomy.lungs
    free = dense & ~anatomy.airway
    core = ndimage.binary_opening(free & ~anatomy.vessels, ball(THICK_MM, ct.grid))
    whole = ndimage.binary_dilation(core, ball(THICK_MM, ct.grid), mask=None) & dense
    lumps, count = ndimage.label(whole)
    if not count:
        return np.asarray(whole)
    sizes_ml = np.bincount(lumps.ravel()) * ct.grid.voxel_volume_mm3 / 1000.0
    good = sizes_ml >= LEAST_ML
    good[0] = False
    return np.asarray(good[lumps])


def consolidation_ml(ct: Volume, anatomy: ChestAnatomy) -> dict[str, float]:
    """Consolidated volume of each lobe, ml, by the names of `LUNG_LOBES`; see `consolidation_mask`."""
    return by_lobe_ml(consolidation_mask(ct, anatomy), anatomy)


def by_lobe_ml(mask: Mask, anatomy: ChestAnatomy) -> dict[str, float]:
    """The volume of a mask (z, y, x) in each lobe, ml, by the names of `LUNG_LOBES`."""
    counts = np.bincount(anatomy.lobes[mask], minlength=len(LUNG_LOBES) + 1)[1:]
    voxel_ml = anatomy.grid.voxel_volume_mm3 / 1000.0
    return {name: float(count) * voxel_ml for name, count in zip(LUNG_LOBES, counts, strict=True)}
