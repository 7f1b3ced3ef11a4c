"""Integer labels on a grid, and the table that names and colours them.

Values 1 to 117 are TotalSegmentator's; `body` is the 118th class of MedDiff-FM; the rest are ours. `bone`, `vein`,
`lung`, `kidney` and `bowel` stand for any part of theirs, when nobody says which.
"""

from __future__ import annotations

import colorsys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ctstudio.core.errors import GeometryError, MaskError
from ctstudio.core.grid import Grid
from ctstudio.core.totalsegmentator import TOTAL_NAMES

Colour = tuple[int, int, int]

OWN_NAMES: dict[int, str] = {
    118: "body",
    119: "subcutaneous_fat",
    120: "torso_fat",
    121: "skeletal_muscle",
    122: "skin",
    123: "brain_ventricle",
    124: "lung_vessels",
    125: "bronchi",
    126: "bone",
    127: "vein",
    128: "lung",
    129: "kidney",
    130: "lesion",
    131: "liver_lesion",
    132: "kidney_lesion",
    133: "lung_nodule",
    134: "consolidation",
    135: "pleural_effusion",
    136: "bulla",
    137: "lymph_node",
    138: "fdg_avid_tumor",
    139: "bowel",
}

LUNG_LOBES = (
    "lung_upper_lobe_left",
    "lung_lower_lobe_left",
    "lung_upper_lobe_right",
    "lung_middle_lobe_right",
    "lung_lower_lobe_right",
)
"""In the order in which they are numbered 1 to 5 wherever a volume holds lobes alone."""
AIRWAY = ("trachea", "bronchi")
LUNG_VESSELS = "lung_vessels"
LESIONS = ("lesion", "liver_lesion", "kidney_lesion", "lung_nodule", "lymph_node", "fdg_avid_tumor")
"""What is put into a body or taken out of it, and lies within an organ rather than beside it."""

_FIXED_COLOURS: dict[str, Colour] = {
    "liver": (213, 94, 0),
    "spleen": (0, 158, 115),
    "kidney_right": (86, 180, 233),
    "kidney_left": (0, 114, 178),
    "aorta": (220, 50, 47),
    "stomach": (204, 121, 167),
    "pancreas": (240, 228, 66),
    "gallbladder": (120, 200, 80),
    "heart": (230, 90, 110),
    "urinary_bladder": (250, 200, 60),
    "body": (140, 140, 140),
    "lesion": (240, 228, 66),
    "liver_lesion": (240, 228, 66),
}


@dataclass(frozen=True)
class Label:
    """One entry of a table: its value (1 to 255), name and RGB colour (0 to 255)."""

    value: int
    name: str
    colour: Colour

    @property
    def title(self) -> str:
        """The name as people read it: "kidney right"."""
        return self.name.replace("_", " ")


@dataclass(frozen=True)
class LabelTable:
    """The labels a map may hold, by value. Value 0 is always background."""

    labels: tuple[Label, ...] = field(default_factory=tuple)

    def __iter__(self) -> Iterator[Label]:
        return iter(self.labels)

    def __len__(self) -> int:
        return len(self.labels)

    def by_value(self, value: int) -> Label:
        """The label of a value; unknown values get a name and a colour of their own."""
        for label in self.labels:
            if label.value == value:
                return label
        return Label(value, f"label_{value}", _spread_colour(value))

    def by_name(self, name: str) -> Label:
        """The label of a name.

        Raises:
            MaskError: No label has this name.
        """
        for label in self.labels:
            if label.name == name:
                return label
        raise MaskError(f"No label is called {name!r}.", "Use a TotalSegmentator name such as 'liver'.")

    def colours(self) -> NDArray[np.uint8]:
        """(256, 3) RGB table by value; row 0 is black."""
        table = np.zeros((256, 3), np.uint8)
        for value in range(1, 256):
            table[value] = self.by_value(value).colour
        return table


@dataclass(frozen=True)
class LabelMap:
    """Labels on a grid.

    Attributes:
        array: (z, y, x) uint8, 0 = background.
        grid: Its placement.
        table: Names and colours of its values.
        synthetic: True when the labels belong to something made rather than acquired.
        name: What the user calls it.

    Raises:
        GeometryError: Array and grid differ in shape.
    """

    array: NDArray[np.uint8]
    grid: Grid
    table: LabelTable
    synthetic: bool = False
    name: str = ""

    def __post_init__(self) -> None:
        if self.array.shape != self.grid.shape:
            raise GeometryError(
                f"The label array has shape {self.array.shape}, its grid says {self.grid.shape}.",
                "This is a fault in the program; please report it.",
            )

    def present(self) -> tuple[int, ...]:
        """Values other than 0 that occur, ascending."""
        counts = np.zeros(256, np.int64)
        for plane in self.array:  # a whole volume at once would take eight times its memory
            counts += np.bincount(plane.ravel(), minlength=256)
        return tuple(int(v) for v in np.flatnonzero(counts) if v)

    def of(self, *names: str) -> NDArray[np.bool_]:
        """(z, y, x) True where the voxel has one of the named labels."""
        return np.isin(self.array, [self.table.by_name(n).value for n in names])


def standard_table() -> LabelTable:
    """TotalSegmentator's 117 labels and ours, with colours that colour-blind readers can tell apart."""
    named = [*enumerate(TOTAL_NAMES, start=1), *OWN_NAMES.items()]
    return LabelTable(tuple(Label(v, n, _FIXED_COLOURS.get(n, _spread_colour(v))) for v, n in named))


def values_of(names: Iterable[str]) -> tuple[int, ...]:
    """Values of names in the standard table, in the order given.

    Raises:
        MaskError: A name that the table does not have.
    """
    table = standard_table()
    return tuple(table.by_name(n).value for n in names)


def _spread_colour(value: int) -> Colour:
    """A colour far from its neighbours': hues by the golden ratio, three brightnesses."""
    hue = (value * 0.618034) % 1.0
    red, green, blue = colorsys.hsv_to_rgb(hue, 0.65, (0.95, 0.8, 0.65)[value % 3])
    return round(red * 255), round(green * 255), round(blue * 255)
