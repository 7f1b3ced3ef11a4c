"""Whether the lobes of a label map lie where lobes lie: mirrored and inverted files are common."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ctstudio.catalog.fit import Fit, listed
from ctstudio.core.labels import LUNG_LOBES, LabelMap

_LEFT = LUNG_LOBES[:2]
_ABOVE = (("lung_upper_lobe_left", "lung_lower_lobe_left"), ("lung_upper_lobe_right", "lung_lower_lobe_right"))
_CLEAR_MM = 5.0


def lobe_places(labels: LabelMap) -> list[Fit]:
    """What is wrong with the places of lobes, and which of the five are missing; nothing where none is named."""
    middles = _middles_mm(labels)
    if not middles:
        return []
    found = []
    left = [middles[name] for name in middles if name in _LEFT]
    right = [middles[name] for name in middles if name not in _LEFT]
    if left and right and np.mean(left, axis=0)[0] < np.mean(right, axis=0)[0] - _CLEAR_MM:
        reason = "The left lung lies on the patient's right: the file is mirrored, or its labels are swapped."
        found.append(Fit("red", "Left and right", reason))
    for upper, lower in _ABOVE:
        if upper in middles and lower in middles and middles[upper][2] < middles[lower][2] - _CLEAR_MM:
            found.append(Fit("red", "Head and feet", "An upper lobe lies below the lower one: is it upside down?"))
            break
    missing = [name.replace("_", " ") for name in LUNG_LOBES if name not in middles]
    if missing:
        found.append(Fit("amber", "Lobes", f"Missing: {listed(missing)}. The chest will have none of them."))
    return found


def _middles_mm(labels: LabelMap) -> dict[str, NDArray[np.float64]]:
    """World (x, y, z) mm of the middle of each lobe that is there."""
    names = {label.value: label.name for label in labels.table if label.name in LUNG_LOBES}
    middles = {}
    for value in labels.present():
        if value in names:
            middles[names[value]] = labels.grid.to_world(np.argwhere(labels.array == value).mean(axis=0))
    return middles
