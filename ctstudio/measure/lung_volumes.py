"""Volumes of lungs, lobes, airway and vessels, and how much of the lungs is emphysema."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ctstudio.core.errors import MaskError
from ctstudio.core.labels import LUNG_LOBES
from ctstudio.core.volume import Volume
from ctstudio.measure.chest_anatomy import SIDES, ChestAnatomy, Mask, checked

EMPHYSEMA_HU = -950.0


@dataclass(frozen=True)
class LungVolumes:
    """Volumes in ml.

    Attributes:
        lobes_ml: By the names of `LUNG_LOBES`, filled.
        left_ml, right_ml: Of each lung.
        airway_ml: Trachea and bronchi.
        vessels_ml: Vessels inside the lungs.
    """

    lobes_ml: dict[str, float]
    left_ml: float
    right_ml: float
    airway_ml: float
    vessels_ml: float


def lung_volumes(anatomy: ChestAnatomy) -> LungVolumes:
    """How large the structures of a chest are; 0 for those that are not there."""
    voxel_ml = anatomy.grid.voxel_volume_mm3 / 1000.0
    counts = np.bincount(anatomy.lobes.ravel(), minlength=len(LUNG_LOBES) + 1)[1:] * voxel_ml
    lobes = {name: float(ml) for name, ml in zip(LUNG_LOBES, counts, strict=True)}
    left, right = (sum(ml for name, ml in lobes.items() if name.endswith(side)) for side in SIDES)
    airway, vessels = (float(mask.sum()) * voxel_ml for mask in (anatomy.airway, anatomy.vessels))
    return LungVolumes(lobes, left, right, airway, vessels)


@dataclass(frozen=True)
class LowAttenuation:
    """Percentage of low attenuation, 0 to 100.

    Attributes:
        both: Of both lungs.
        sides: By "left" and "right"; sides without a lung are absent.
        lobes: By the names of `LUNG_LOBES`; lobes that are not there are absent.
    """

    both: float
    sides: dict[str, float]
    lobes: dict[str, float]


def low_attenuation(ct: Volume, anatomy: ChestAnatomy, below_hu: float = EMPHYSEMA_HU) -> LowAttenuation:
    """%LAA-950: the part of the lungs, airway left out, that lies below -950 HU.

    Args:
        ct: Chest CT in HU.
        anatomy: Its lobes and airway.
        below_hu: The threshold.

    Raises:
        IntensityError, GeometryError, MaskError: It cannot be measured.

    Source: MedSyn, table III (%LAA-950).
    """
    low = checked(ct, anatomy) < below_hu
    lung = anatomy.lungs & ~anatomy.airway
    if not lung.any():
        raise MaskError("There is no lung outside the airway.", "Look at the lobes.")
    parts: dict[str, Mask] = {side: anatomy.lung(side) for side in SIDES}
    parts |= {name: anatomy.lobes == number for number, name in enumerate(LUNG_LOBES, start=1)}
    shares = {name: _percent(low, lung & part) for name, part in parts.items() if (lung & part).any()}
    return LowAttenuation(
        _percent(low, lung),
        {name: share for name, share in shares.items() if name in SIDES},
        {name: share for name, share in shares.items() if name in LUNG_LOBES},
    )


def _percent(low: Mask, where: Mask) -> float:
    return 100.0 * float(low[where].mean())
