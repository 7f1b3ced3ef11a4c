"""The kinds of lesions that phantoms have, by label name."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from ctstudio.phantom.patient import Region


class LesionKind(NamedTuple):
    """Where a kind of lesion is found, and what the phantom calls the finding."""

    region: Region
    finding: str


LESIONS: Mapping[str, LesionKind] = MappingProxyType(
    {
        "liver_lesion": LesionKind("abdomen", "liver_lesion"),
        "kidney_lesion": LesionKind("abdomen", "kidney_lesion"),
        "lung_nodule": LesionKind("chest", "nodule"),
        "lymph_node": LesionKind("abdomen", "nodes"),
    }
)
