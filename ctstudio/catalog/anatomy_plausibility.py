"""Whether labels can be what their numbers say: another program's numbering is common, and so are mirrored files."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np

from ctstudio.catalog.fit import listed
from ctstudio.core.labels import LabelMap
from ctstudio.core.totalsegmentator import TOTAL_NAMES

MOST_ML: Mapping[str, float] = MappingProxyType(
    {
        "spleen": 2000, "kidney_right": 900, "kidney_left": 900, "gallbladder": 400, "liver": 5000, "stomach": 3000,
        "pancreas": 400, "adrenal_gland_right": 60, "adrenal_gland_left": 60, "esophagus": 250, "trachea": 200,
        "thyroid_gland": 300, "prostate": 400, "spinal_cord": 250, "heart": 2500,
    }
)  # fmt: skip
"""Volumes that hardly an adult's organ exceeds, mL. Source: ours, far above what textbooks give."""
_FEW = frozenset({1, 2, 3})
_CLEAR_MM = 20.0
_RIGHT_TO_LEFT = ("liver", "spleen")


def implausible(labels: LabelMap, classes: Mapping[int, int]) -> list[str]:
    """What speaks against the meaning of labels, in sentences.

    Args:
        labels: As given.
        classes: The model's class of each value that is there.
    """
    said = []
    if set(classes) <= _FEW and all(value == known for value, known in classes.items()):
        names = listed([TOTAL_NAMES[value - 1].replace("_", " ") for value in sorted(classes)])
        said.append(f"Only {names}, by TotalSegmentator's numbers. If 1, 2 and 3 mean something else, say what.")
    counts = np.bincount(labels.array.ravel(), minlength=256)
    ml = labels.grid.voxel_volume_mm3 / 1000.0
    volumes: dict[str, float] = {}
    for value, known in classes.items():
        if 0 < known <= len(TOTAL_NAMES):
            name = TOTAL_NAMES[known - 1]
            volumes[name] = volumes.get(name, 0.0) + float(counts[value]) * ml
    for name, volume in volumes.items():
        if volume > MOST_ML.get(name, np.inf):
            said.append(f"The {name.replace('_', ' ')} has {volume:.0f} mL: do these numbers mean what they say?")
    return said[:3] + _mirrored(labels, classes)


def _mirrored(labels: LabelMap, classes: Mapping[int, int]) -> list[str]:
    """Whether the liver lies to the left of the spleen."""
    middles = []
    for name in _RIGHT_TO_LEFT:
        values = [value for value, known in classes.items() if known == TOTAL_NAMES.index(name) + 1]
        where = np.argwhere(np.isin(labels.array[::2, ::2, ::2], values))
        if not len(where):
            return []
        middles.append(float(labels.grid.to_world(2.0 * where.mean(axis=0))[0]))
    if middles[0] > middles[1] + _CLEAR_MM:
        return ["The liver lies to the left of the spleen: the file is mirrored, or its numbers mean something else."]
    return []
