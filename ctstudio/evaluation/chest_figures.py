"""What one chest CT shows, in numbers, read by the same instrument whether a scanner, a phantom or a model made it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ctstudio.core.errors import MaskError
from ctstudio.core.labels import LUNG_LOBES, LabelMap
from ctstudio.core.volume import Volume
from ctstudio.measure.cardiothoracic import cardiothoracic_ratio
from ctstudio.measure.chest_anatomy import ChestAnatomy, Mask, anatomy_of
from ctstudio.measure.consolidation import consolidation_ml
from ctstudio.measure.effusion import effusion
from ctstudio.measure.lung_volumes import low_attenuation, lung_volumes
from ctstudio.measure.overlap import dice
from ctstudio.systems.medsyn.reading import ChestReader

Figures = dict[str, float]
"""Numbers by name, units in the names; NaN where something could not be measured."""

NAN = float("nan")


def chest_figures(ct: Volume, labels: LabelMap | None, reader: ChestReader) -> Figures:
    """All figures of a chest.

    Args:
        ct: HU.
        labels: The structures it was made with, on its grid; None for a scan alone.
        reader: That reads the CT alone.

    Returns:
        Effusion, %LAA-950 and consolidation by place and HU, in the chest's own lobes, or in the read ones of a scan;
        effusion and consolidation as the reader marks them; cardiothoracic ratio with the read heart; volumes of
        airway, vessels and lungs as read; with labels, the Dice between each structure and the read one as well.

    Raises:
        IntensityError, GeometryError: It is no CT that lies LPS.

    Source: ours. On held-out phantoms the reader's lobes are the weakest link, so a chest that tells its own is
    measured in those, and how far both agree is said beside it.
    """
    seen = reader.read(ct)
    told = anatomy_of(labels) if labels is not None else None
    own = seen if told is None else replace(told, heart=seen.heart, effusion=seen.effusion)
    if not own.lungs.any() or not seen.lungs.any():
        found = dict.fromkeys(MEASURED, NAN)
    else:
        found = _measured(ct, own, seen)
    return found | (_agreement(told, seen) if told is not None else {})


MEASURED = (
    "effusion_left_ml",
    "effusion_right_ml",
    "effusion_read_ml",
    "cardiothoracic_ratio",
    "laa_950_percent",
    *(f"consolidation_{name}_ml" for name in LUNG_LOBES),
    "consolidation_read_ml",
    "airway_ml",
    "vessels_ml",
    "lungs_ml",
)
"""Names of what `chest_figures` measures."""


def _measured(ct: Volume, own: ChestAnatomy, seen: ChestAnatomy) -> Figures:
    fluid, volumes = effusion(ct, own), lung_volumes(seen)
    dense = consolidation_ml(ct, own)
    values = (
        fluid.left_ml,
        fluid.right_ml,
        _ml(seen.effusion, ct),
        _ratio(own),
        low_attenuation(ct, own).both,
        *(dense[name] for name in LUNG_LOBES),
        _ml(seen.consolidation, ct),
        volumes.airway_ml,
        volumes.vessels_ml,
        volumes.left_ml + volumes.right_ml,
    )
    return {name: round(float(value), 4) for name, value in zip(MEASURED, values, strict=True)}


def _agreement(told: ChestAnatomy, seen: ChestAnatomy) -> Figures:
    """Dice between the structures a chest was made with and those read in it; of the lobes the mean of all five."""
    lobes = [dice(told.lobes == n, seen.lobes == n) for n in range(1, len(LUNG_LOBES) + 1)]
    return {
        "lobes_dice": round(float(np.mean(lobes)), 4),
        "airway_dice": round(dice(told.airway, seen.airway), 4),
        "vessels_dice": round(dice(told.vessels, seen.vessels), 4),
    }


def _ratio(seen: ChestAnatomy) -> float:
    try:
        return cardiothoracic_ratio(seen)
    except MaskError:
        return NAN


def _ml(mask: Mask | None, ct: Volume) -> float:
    return 0.0 if mask is None else float(mask.sum()) * ct.grid.voxel_volume_mm3 / 1000.0
