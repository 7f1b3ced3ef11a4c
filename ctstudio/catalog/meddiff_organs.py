"""Organs by the names that people give, and the region of the body that labels show."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from ctstudio.catalog.label_meanings import class_named
from ctstudio.core.errors import ParameterError
from ctstudio.core.labels import LUNG_LOBES, values_of
from ctstudio.core.totalsegmentator import TOTAL_NAMES

GROUPS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "lung": LUNG_LOBES,
        "lungs": LUNG_LOBES,
        "lung_left": LUNG_LOBES[:2],
        "lung_right": LUNG_LOBES[2:],
        "kidney": ("kidney_right", "kidney_left"),
        "kidneys": ("kidney_right", "kidney_left"),
        "bowel": ("small_bowel", "duodenum", "colon"),
        "spine": tuple(name for name in TOTAL_NAMES if name.startswith("vertebrae")),
        "ribs": tuple(name for name in TOTAL_NAMES if name.startswith("rib_")),
    }
)
_SHOWS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "head": ("brain", "skull"),
        "chest": (*LUNG_LOBES, "heart"),
        "abdomen": ("liver", "spleen", "stomach", "small_bowel", "colon", "kidney_right", "kidney_left", "hip_left",
                    "hip_right", "urinary_bladder", "gluteus_maximus_left", "gluteus_maximus_right"),
    }
)  # fmt: skip
LUNG_CLASSES = frozenset(values_of(LUNG_LOBES))


def classes_of(names: str) -> set[int]:
    """The model's classes of one organ or of several with commas, such as "liver" or "lung, heart".

    Raises:
        ParameterError: A name that nobody knows.
    """
    found: set[int] = set()
    for name in filter(None, (part.strip() for part in names.split(","))):
        parts = GROUPS.get(name.lower().replace(" ", "_"), (name,))
        classes = [class_named(part) for part in parts]
        if None in classes:
            raise ParameterError(
                f"No organ is called {name!r}.", "Use lung, kidney, or a TotalSegmentator name such as liver."
            )
        found |= {one for one in classes if one is not None}
    if not found:
        raise ParameterError("No organ was named.", "Give one, such as liver or lung.")
    return found


def region_shown(anatomy: NDArray[np.uint8]) -> str | None:
    """The region whose organs take the most of an anatomy (z, y, x) in the model's classes; None when it has none."""
    counts = np.bincount(anatomy.ravel(), minlength=256)
    volumes = {region: int(counts[list(values_of(names))].sum()) for region, names in _SHOWS.items()}
    best = max(volumes, key=lambda region: volumes[region])
    return best if volumes[best] else None
