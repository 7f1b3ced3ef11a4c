"""What a name in somebody's label table means, and what a user says that a value means."""

from __future__ import annotations

import re
from types import MappingProxyType

from ctstudio.core.errors import ParameterError
from ctstudio.core.totalsegmentator import TOTAL_NAMES

_BODY = 118
_CLASSES = MappingProxyType({name.lower(): value for value, name in enumerate(TOTAL_NAMES, 1)} | {"body": _BODY})
_SYNONYMS = MappingProxyType(
    {
        "bladder": "urinary_bladder",
        "oesophagus": "esophagus",
        "gall_bladder": "gallbladder",
        "large_bowel": "colon",
        "small_intestine": "small_bowel",
        "ivc": "inferior_vena_cava",
        "svc": "superior_vena_cava",
        "thyroid": "thyroid_gland",
        "adrenal_left": "adrenal_gland_left",
        "adrenal_right": "adrenal_gland_right",
        "postcava": "inferior_vena_cava",
        "skin_outline": "body",
        "external": "body",
    }
)
_SIDE = re.compile(r"^(left|right)_(.+)$")
_LOBE = re.compile(r"^(left|right)_(upper|middle|lower)_lobe$|^lung_(left|right)_(upper|middle|lower)(?:_lobe)?$")
_PAIR = re.compile(r"^\s*(\d{1,3})\s*[=:]\s*([\w .\-]+?)\s*$")


def class_named(name: str) -> int | None:
    """The model's class that a name stands for, 1 to 118; None for a name that stands for none of them."""
    bare = re.sub(r"[\s\-]+", "_", name.strip()).lower()
    for form in (bare, _SYNONYMS.get(bare, bare), _with_side_last(bare), _SYNONYMS.get(_with_side_last(bare), bare)):
        if form in _CLASSES:
            return _CLASSES[form]
    return None


def meanings(text: str) -> dict[int, int]:
    """What a user says that values mean.

    Args:
        text: Pairs such as "1=liver, 2=spleen, 7=0"; a name, or a class from 0 (left out) to 118 (body).

    Returns:
        Class by value.

    Raises:
        ParameterError: It cannot be read, or holds a name that nobody knows.
    """
    found = {}
    for part in filter(str.strip, re.split(r"[,;\n]", text)):
        pair = _PAIR.match(part)
        if pair is None or not 0 < int(pair[1]) < 256:
            raise ParameterError(
                f"What the labels mean cannot be read from {part.strip()!r}.",
                "Write pairs of a value from 1 to 255 and a name, such as '1=liver, 2=spleen'.",
            )
        found[int(pair[1])] = _class_of(pair[2])
    return found


def _class_of(word: str) -> int:
    known = int(word) if word.isdigit() else class_named(word)
    if known is None or known > _BODY:
        raise ParameterError(
            f"No label is called {word!r}.",
            f"Use one of TotalSegmentator's names, such as {TOTAL_NAMES[4]}, or body, or 0 to leave it out.",
        )
    return known


def _with_side_last(name: str) -> str:
    lobe = _LOBE.match(name)
    if lobe:
        side, part = (lobe[1], lobe[2]) if lobe[1] else (lobe[3], lobe[4])
        return f"lung_{part}_lobe_{side}"
    side_first = _SIDE.match(name)
    return f"{side_first[2]}_{side_first[1]}" if side_first else name
