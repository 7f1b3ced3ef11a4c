"""The anatomy of an open case that a chest can be made to follow: lobes, airway, vessels, each by its labels."""

from __future__ import annotations

import numpy as np

from ctstudio.core.labels import AIRWAY, LUNG_LOBES, LUNG_VESSELS, LabelMap
from ctstudio.session.document import Case

ANATOMY: dict[str, tuple[str, ...]] = {
    "lobes": LUNG_LOBES,
    "airway": AIRWAY,
    "vessels": (LUNG_VESSELS,),
}
"""Names of labels by the name that the card gives the input."""


def anatomy_in(case: Case | None) -> tuple[str, ...]:
    """Which parts of `ANATOMY` a case's labels hold; walks through no voxel."""
    if case is None:
        return ()
    present = case.mask.slice_counts.sum(axis=0)
    return tuple(part for part in ANATOMY if any(present[value] for value in _values(case, part)))


def anatomy_of(case: Case, part: str) -> LabelMap:
    """One part of a case's labels, all others left out; a copy."""
    values = _values(case, part)
    array = np.where(np.isin(case.mask.array, values), case.mask.array, 0).astype(np.uint8)
    return LabelMap(array, case.mask.grid, case.mask.table, case.mask.synthetic, case.name)


def _values(case: Case, part: str) -> list[int]:
    return [label.value for label in case.mask.table if label.name in ANATOMY[part]]
