"""The structures a chest CT is generated with: five filled lobes, airway and vessels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ctstudio.core.errors import MaskError
from ctstudio.core.labels import AIRWAY, LUNG_LOBES, values_of
from ctstudio.phantom.render import Phantom

VESSEL_NAMES = ("lung_vessels", "pulmonary_vein")
WITHIN_NAMES = (
    *LUNG_LOBES,
    *VESSEL_NAMES,
    "bronchi",
    "lung_nodule",
    "consolidation",
    "bulla",
    "fdg_avid_tumor",
    "lymph_node",
)
"""Labels that fill a lobe where they lie in a lung; an effusion, the heart and the ribs push the lung away."""


@dataclass(frozen=True)
class ChestStructures:
    """Structures of a chest on a phantom's grid.

    Attributes:
        lobes: (z, y, x) uint8: 0 none, 1 left upper, 2 left lower, 3 right upper, 4 right middle, 5 right lower.
        airway: (z, y, x) bool, trachea and bronchi.
        vessels: (z, y, x) bool, vessels inside the lungs.
    """

    lobes: NDArray[np.uint8]
    airway: NDArray[np.bool_]
    vessels: NDArray[np.bool_]


def chest_structures(phantom: Phantom) -> ChestStructures:
    """Lobes with all that lies inside them, airway, and the vessels of the lungs.

    Raises:
        MaskError: The phantom does not say where its lobes lie.
    """
    if phantom.lobes is None:
        raise MaskError("This phantom does not say where its lobes lie.", "Make it with render().")
    within = _among(WITHIN_NAMES)[phantom.labels.array]
    numbers = np.zeros(256, np.uint8)
    numbers[list(values_of(LUNG_LOBES))] = range(1, len(LUNG_LOBES) + 1)
    lobes = numbers[phantom.lobes] * within
    return ChestStructures(
        lobes,
        _among(AIRWAY)[phantom.labels.array],
        _among(VESSEL_NAMES)[phantom.labels.array] & (lobes > 0),
    )


def _among(names: tuple[str, ...]) -> NDArray[np.bool_]:
    """Table (256,) of which label values have one of the names."""
    table = np.zeros(256, bool)
    table[list(values_of(names))] = True
    return table
