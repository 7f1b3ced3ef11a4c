"""Lobes, airway and vessels as label maps say them: by names, by the only value, or by the lobes' numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from ctstudio.core.errors import MaskError
from ctstudio.core.labels import AIRWAY, LUNG_LOBES, LUNG_VESSELS, LabelMap, standard_table, values_of
from ctstudio.measure.chest_anatomy import anatomy_of
from ctstudio.systems.medsyn.channels import Chest


@dataclass(frozen=True)
class Structure:
    """What a label map shows.

    Attributes:
        array: (z, y, x) uint8 lobes 0 to 5, or bool.
        notes: How it was understood, where that was not plain.
    """

    array: NDArray[np.generic]
    notes: tuple[str, ...] = ()


def lobes_in(labels: LabelMap) -> Structure:
    """The five lobes, filled: bronchi, vessels and lesions that are drawn over a lobe belong to it.

    Raises:
        MaskError: It shows no lobes.
    """
    if _shows(labels, LUNG_LOBES):
        return Structure(anatomy_of(labels).lobes)
    if 0 < len(labels.present()) <= len(LUNG_LOBES) and labels.present()[-1] <= len(LUNG_LOBES):
        note = "The lobes' values 1 to 5 were read as left upper, left lower, right upper, right middle, right lower."
        return Structure(labels.array, (note,))
    raise _unknown("lobes", LUNG_LOBES)


def airway_in(labels: LabelMap) -> Structure:
    """Trachea and bronchi.

    Raises:
        MaskError: It shows none.
    """
    return _named_or_only("airway", labels, AIRWAY)


def vessels_in(labels: LabelMap) -> Structure:
    """The vessels of the lungs.

    Raises:
        MaskError: It shows none.
    """
    return _named_or_only("vessels", labels, (LUNG_VESSELS,))


READERS: Mapping[str, Callable[[LabelMap], Structure]] = MappingProxyType(
    {"lobes": lobes_in, "airway": airway_in, "vessels": vessels_in}
)
"""By the names that the card gives the inputs."""


def drawn(chest: Chest) -> NDArray[np.uint8]:
    """Lobes, over them the airway, over both the vessels: (z, y, x) values of the standard table."""
    table = np.asarray([0, *values_of(LUNG_LOBES)], np.uint8)
    made = table[chest.lobes]
    bronchi, vessels = values_of([AIRWAY[-1], LUNG_VESSELS])
    made[chest.airway] = bronchi
    made[chest.vessels] = vessels
    return np.asarray(made, np.uint8)


def _named_or_only(what: str, labels: LabelMap, names: tuple[str, ...]) -> Structure:
    if _shows(labels, names):
        known = {label.name for label in labels.table}
        return Structure(labels.of(*(name for name in names if name in known)))
    if len(labels.present()) == 1:
        return Structure(labels.array > 0, (f"The {what} were read from the only value, {labels.present()[0]}.",))
    raise _unknown(what, names)


def _shows(labels: LabelMap, names: tuple[str, ...]) -> bool:
    return any(labels.table.by_value(value).name in names for value in labels.present())


def _unknown(what: str, names: tuple[str, ...]) -> MaskError:
    values = ", ".join(f"{name} ({standard_table().by_name(name).value})" for name in names)
    return MaskError(f"The label map given as {what} shows none.", f"Its labels must be among: {values}.")
