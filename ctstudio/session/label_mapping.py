"""What other people's labels mean in the standard table: guessed from their names, told by a person, and applied."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from ctstudio.core.labels import LabelMap, standard_table
from ctstudio.session.painting import Painting

LEAVE_OUT = ""
"""The meaning of a label that becomes background."""
_CLOSE = 0.8
_NUMBERED = re.compile(r"label_\d+")
_SIDES = {"l": "left", "lt": "left", "sin": "left", "r": "right", "rt": "right", "dex": "right", "dx": "right"}
_OTHER_WORDS = {
    "hepar": "liver", "leber": "liver", "foie": "liver", "lien": "spleen", "milz": "spleen", "rate": "spleen",
    "ren": "kidney", "niere": "kidney", "rein": "kidney", "cor": "heart", "herz": "heart", "coeur": "heart",
    "pulmo": "lung", "lunge": "lung", "poumon": "lung", "gaster": "stomach", "magen": "stomach",
    "pankreas": "pancreas", "adrenal": "adrenal_gland", "vesica": "urinary_bladder", "harnblase": "urinary_bladder",
    "cyst": "lesion", "tumors": "lesion", "metastasis": "lesion", "knochen": "bone", "os": "bone",
}  # fmt: skip
"""Latin, German and French words, and the short ones of data sets, that no similarity would find. Source: ours."""
_SAYS_NOTHING = {"mask", "label", "seg", "segmentation", "roi", "organ", "the", "of", "class", "pred", "gt"}


@dataclass(frozen=True)
class Foreign:
    """A label that a mask holds.

    Attributes:
        value: In the mask.
        name: As its file names it.
        colour: RGB.
        volume_ml: How much there is of it.
    """

    value: int
    name: str
    colour: tuple[int, int, int]
    volume_ml: float

    @property
    def known(self) -> bool:
        """Whether the standard table has its name."""
        return self.name in standard_names()

    @property
    def named(self) -> bool:
        """Whether its file gives it a name, and not a number alone."""
        return _NUMBERED.fullmatch(self.name) is None


def labels_in(mask: Painting) -> tuple[Foreign, ...]:
    """What a mask holds: first what the standard table does not know, each by value; walks through no voxel."""
    counts, ml = mask.counts, mask.grid.voxel_volume_mm3 / 1000
    labels = (mask.table.by_value(value) for value in mask.present())
    found = [Foreign(one.value, one.name, one.colour, float(counts[one.value]) * ml) for one in labels]
    return tuple(sorted(found, key=lambda one: (one.known, one.value)))


def standard_names() -> tuple[str, ...]:
    """Every name of the standard table."""
    return tuple(label.name for label in standard_table())


def guess(name: str) -> str | None:
    """The standard name that a label's name most likely means; LEAVE_OUT for background, None for no idea."""
    from ctstudio.io.dataset_label_names import standard_value

    if _NUMBERED.fullmatch(name):
        return None
    for words in (name, _plain(name)):
        value = standard_value(words)
        if value is not None:
            return standard_table().by_value(value).name if value else LEAVE_OUT
    by_words = {" ".join(sorted(one.split("_"))): one for one in standard_names()}
    asked = " ".join(sorted(_plain(name).split("_")))
    close = difflib.get_close_matches(asked, list(by_words), 1, _CLOSE)
    return by_words[close[0]] if close else None


def mapped(labels: LabelMap, meanings: Mapping[int, str]) -> LabelMap:
    """Labels with the meanings that were told, in the same table, so that undo finds the old names.

    Args:
        labels: Of a mask, whose table holds the standard one.
        meanings: Values to standard names; LEAVE_OUT makes background of a label. Others stay as they are.

    Raises:
        MaskError: A name that the table does not have.
    """
    values = np.arange(256, dtype=np.uint8)
    for value, name in meanings.items():
        values[value] = labels.table.by_name(name).value if name else 0
    return replace(labels, array=values[labels.array])


def _plain(name: str) -> str:
    """A name in the standard table's words: sides spelled out, other languages' organs, numbers gone."""
    words = re.findall(r"[a-zäöüé]+", re.sub(r"([a-z])([A-Z])", r"\1 \2", name).lower())
    told = [_SIDES.get(word, _OTHER_WORDS.get(word, word)) for word in words if word not in _SAYS_NOTHING]
    return "_".join(told)
