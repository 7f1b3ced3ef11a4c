"""What the name of a file, and of the folders around it, says: which case, and what kind of thing.

`p1/ct.nii.gz`, `p1_ct.nii.gz`, `ct/p1.nii.gz` and `imagesTr/p1_0000.nii.gz` all name the case "p1".
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from ctstudio.catalog.dataset import Kind

_WORDS: dict[Kind, frozenset[str]] = {
    "labels": frozenset(
        (
            *("mask", "masks", "label", "labels", "labelstr", "labelmap", "lm", "gt", "annotation", "annotations"),
            *("seg", "segs", "segmentation", "segmentations"),
        )
    ),
    "report": frozenset(("report", "reports", "findings", "impression")),
    "pet": frozenset(("pet", "suv", "fdg")),
    "mr": frozenset(("mr", "mri", "mrt", "t1", "t1w", "t2", "t2w", "flair")),
    "ct": frozenset(("ct", "cts", "ctres", "cect", "ncct")),
}
_IMAGE = frozenset(
    ("scan", "scans", "image", "images", "imagestr", "imaging", "img", "imgs", "volume", "volumes", "vol", "orig")
)
_ALL = _IMAGE.union(*_WORDS.values())
_BETWEEN = re.compile(r"[\s_.\-]+")


@dataclass(frozen=True)
class Named:
    """What a path says.

    Attributes:
        folder: Path of the folder that holds the case, "" for the source folder itself.
        stem: What is left of the file's name without words of kind; "" when the folder is the case.
        kind: What it is, None when no word says it.
        sure: Whether the kind was named, not only "image" or "scan".
        of: For labels the modality they were drawn on, when the name says it.
    """

    folder: str
    stem: str
    kind: Kind | None
    sure: bool
    of: Kind | None = None

    @property
    def key(self) -> tuple[str, str]:
        """The same for all files of a case."""
        return self.folder, self.stem


def read_name(folders: Sequence[str], stem: str) -> Named:
    """Tell case and kind from a name.

    Args:
        folders: Names of the folders from the source folder down.
        stem: Name of the file without its suffix, or of a folder with DICOM slices.
    """
    own = _split(stem)
    words = [word for word in own if word.lower() in _ALL]
    rest = [word for word in own if word.lower() not in _ALL]
    around = list(folders)
    while around and is_word_of_kind(around[-1]):
        words += _split(around.pop())
    kind, sure, of = _kind({word.lower() for word in words})
    return Named("/".join(around), "_".join(rest), kind, sure, of)


def is_word_of_kind(name: str) -> bool:
    """Whether a name consists of words of kind alone, such as "images" or "MR_T1"."""
    return all(word.lower() in _ALL for word in _split(name))


def names_labels(name: str) -> bool:
    """Whether a folder's name says that labels lie in it."""
    return bool(_WORDS["labels"] & {word.lower() for word in _split(name)})


def _split(name: str) -> list[str]:
    return [word for word in _BETWEEN.split(name) if word]


def _kind(words: set[str]) -> tuple[Kind | None, bool, Kind | None]:
    found = [kind for kind, known in _WORDS.items() if known & words]
    if not found:
        return ("ct", False, None) if words & _IMAGE else (None, False, None)
    if found[0] == "labels":
        return "labels", True, next((kind for kind in found[1:] if kind != "report"), None)
    return found[0], True, None
