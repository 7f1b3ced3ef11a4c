"""Names of labels in other people's data, brought to the standard table."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from ctstudio.core.labels import standard_table

FILE_NAME = "dataset.json"
_BACKGROUND = ("background", "bg", "clear_label", "ignore")
_OTHER_NAMES = {
    "bladder": "urinary_bladder",
    "ivc": "inferior_vena_cava",
    "postcava": "inferior_vena_cava",
    "oesophagus": "esophagus",
    "gall_bladder": "gallbladder",
    "lungs": "lung",
    "left_lung": "lung",
    "right_lung": "lung",
    "kidneys": "kidney",
    "bones": "bone",
    "tumor": "lesion",
    "tumour": "lesion",
    "cancer": "lesion",
    "liver_tumor": "liver_lesion",
    "liver_tumour": "liver_lesion",
    "hepatic_tumor": "liver_lesion",
    "kidney_tumor": "kidney_lesion",
    "kidney_tumour": "kidney_lesion",
    "nodule": "lung_nodule",
    "effusion": "pleural_effusion",
}


def standard_value(name: str) -> int | None:
    """The standard table's value of a label's name; 0 for background, None when it has no place there.

    Case, blanks and the order of words do not matter: "Right Kidney" is "kidney_right".
    """
    words = tuple(sorted(re.findall(r"[a-z0-9]+", name.lower())))
    return _values().get(words)


def names_beside(folder: Path, source: Path) -> dict[int, str]:
    """Label values to names from the nearest `dataset.json` with labels, from a folder up to the source folder.

    Both forms of nnU-Net are read: {"liver": 1} and {"1": "liver"}; regions, which join several values, are not.
    """
    places = [folder, *folder.parents]
    within = places[: places.index(source) + 1] if source in places else [folder]
    return next((found for place in within if (found := _names_in(content_of(place)))), {})


def channel_names(folder: Path) -> dict[int, str]:
    """Channel numbers of an nnU-Net folder to names such as "CT"; empty when it does not say."""
    content = content_of(folder)
    given = content.get("channel_names") or content.get("modality") or {}
    if not isinstance(given, Mapping):
        return {}
    return {int(key): str(value) for key, value in given.items() if str(key).isdigit()}


def content_of(folder: Path) -> Mapping[str, Any]:
    """What the `dataset.json` of a folder holds; empty when there is none that can be read."""
    try:
        content = json.loads((folder / FILE_NAME).read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, Mapping) else {}


def _names_in(content: Mapping[str, Any]) -> dict[int, str]:
    given = content.get("labels")
    names: dict[int, str] = {}
    for key, value in given.items() if isinstance(given, Mapping) else ():
        if str(key).isdigit() and isinstance(value, str):
            names[int(key)] = value
        elif isinstance(value, int) or (isinstance(value, str) and value.isdigit()):
            names[int(value)] = str(key)
    return names


@cache
def _values() -> dict[tuple[str, ...], int]:
    """Words of every known name, sorted, to values."""
    known = {label.name: label.value for label in standard_table()}
    known |= {other: known[name] for other, name in _OTHER_NAMES.items()}
    known |= dict.fromkeys(_BACKGROUND, 0)
    return {tuple(sorted(re.findall(r"[a-z0-9]+", name.lower()))): value for name, value in known.items()}
