"""What one chest CT shows, in numbers, read by the same instrument whether a scanner, a phantom or a model made it."""

from __future__ import annotations

import numpy as np

from ctstudio.core.errors import MaskError
from ctstudio.core.labels import LUNG_LOBES, LabelMap
from ctstudio.core.volume import Volume
from ctstudio.measure.cardiothoracic import cardiothoracic_ratio
from ctstudio.measure.chest_anatomy import ChestAnatomy, Mask, anatomy_of
from ctstudio.measure.consolidation import by_lobe_ml
from ctstudio.measure.effusion import effusion, measured_effusion
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
        labels: The structures it was made with, on its grid; None for a scan alone. What is measured is measured in
            what the reader sees; the labels are only compared with it.
        reader: That reads.

    Returns:
        Effusion by reading and by place and HU alone, cardiothoracic ratio, %LAA-950, consolidation by lobe, volumes of
        airway, vessels and lungs; with labels, the Dice of each structure as well.

    Raises:
        IntensityError, GeometryError: It is no CT that lies LPS.
    """
    seen = reader.read(ct)
    found = _measured(ct, seen) if seen.lungs.any() else dict.fromkeys(MEASURED, NAN)
    return found | (_agreement(anatomy_of(labels), seen) if labels is not None else {})


MEASURED = (
    "effusion_left_ml",
    "effusion_right_ml",
    "fluid_left_ml",
    "fluid_right_ml",
    "cardiothoracic_ratio",
    "laa_950_percent",
    *(f"consolidation_{name}_ml" for name in LUNG_LOBES),
    "airway_ml",
    "vessels_ml",
    "lungs_ml",
)
"""Names of what `chest_figures` measures."""


def _measured(ct: Volume, seen: ChestAnatomy) -> Figures:
    nowhere = np.zeros(seen.grid.shape, bool)
    read = measured_effusion(_or(seen.effusion, nowhere), seen)
    alone = effusion(ct, seen)
    volumes = lung_volumes(seen)
    dense = by_lobe_ml(_or(seen.consolidation, nowhere), seen)
    values = (
        read.left_ml,
        read.right_ml,
        alone.left_ml,
        alone.right_ml,
        _ratio(seen),
        low_attenuation(ct, seen).both,
        *(dense[name] for name in LUNG_LOBES),
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


def _or(mask: Mask | None, nowhere: Mask) -> Mask:
    return nowhere if mask is None else mask
