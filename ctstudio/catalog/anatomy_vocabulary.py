"""Labels of any table in the words of MedDiff-FM: TotalSegmentator's 117 classes, and the body around them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from ctstudio.catalog.fit import listed
from ctstudio.catalog.label_meanings import class_named
from ctstudio.core.labels import LUNG_LOBES, LabelMap
from ctstudio.core.totalsegmentator import TOTAL_NAMES

BODY = 118
CLASSES = 119
"""Background, TotalSegmentator's 117, and the body."""
_LUNG = LUNG_LOBES
_KIDNEYS = ("kidney_right", "kidney_left")
_BONES = tuple(
    name
    for name in TOTAL_NAMES
    if name.startswith(("vertebrae", "rib_", "humerus", "scapula", "clavicula", "femur", "hip_"))
    or name in ("sacrum", "skull", "sternum")
)
_ORGANS = TOTAL_NAMES
NEAREST: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "lung_vessels": _LUNG,
        "bronchi": (*_LUNG, "trachea"),
        "lung_nodule": _LUNG,
        "consolidation": _LUNG,
        "bulla": _LUNG,
        "liver_lesion": ("liver",),
        "kidney_lesion": _KIDNEYS,
        "brain_ventricle": ("brain",),
        "bone": _BONES,
        "bowel": ("small_bowel", "colon", "duodenum"),
        "lesion": _ORGANS,
        "lymph_node": _ORGANS,
        "fdg_avid_tumor": _ORGANS,
    }
)
"""Our labels that are a part of one of these organs: each voxel becomes the nearest of them."""
IN_THE_BODY = ("body", "subcutaneous_fat", "torso_fat", "skeletal_muscle", "skin", "pleural_effusion", "vein")
"""Our labels that are tissue of no organ."""
SIDES: Mapping[str, tuple[str, str]] = MappingProxyType(
    {"kidney": ("kidney_left", "kidney_right"), "lung": ("lung_upper_lobe_left", "lung_upper_lobe_right")}
)
"""Our labels that do not say which side they lie on: (patient's left, right)."""
_REACH_MM = 30.0
_ALONE = {"bronchi": "trachea", "brain_ventricle": "brain", "liver_lesion": "liver", "bowel": "small_bowel"}
"""What a part becomes when none of its organs is there; parts of the lung become a lung, all others body."""


@dataclass(frozen=True)
class Vocabulary:
    """Anatomy in the model's classes.

    Attributes:
        array: (z, y, x) uint8: 0 none, 1 to 117 TotalSegmentator's, 118 body.
        notes: What was taken for what, for the user.
        unknown: Titles of labels that nothing is known of; their voxels became body.
    """

    array: NDArray[np.uint8]
    notes: tuple[str, ...]
    unknown: tuple[str, ...]


@dataclass(frozen=True)
class Meaning:
    """What the values of a label map mean, before any voxel is looked at.

    Attributes:
        classes: The model's class of each value that has one by itself; unknown labels are body.
        parts: Values that become the nearest of some organs, by their name.
        sides: Values whose side is told by where they lie, by their name.
        unknown: Titles of labels that nothing is known of.
    """

    classes: Mapping[int, int]
    parts: Mapping[int, str]
    sides: Mapping[int, str]
    unknown: tuple[str, ...]

    @property
    def known(self) -> bool:
        """Whether anything is known of any of them."""
        return len(self.classes) + len(self.parts) + len(self.sides) > len(self.unknown)

    @property
    def possible(self) -> set[int]:
        """Classes that some voxel may get; where parts and sides lie is not looked at."""
        names = [one for name in self.parts.values() for one in NEAREST[name]]
        names += [one for name in self.sides.values() for one in SIDES[name]]
        return set(self.classes.values()) | {known for one in names if (known := class_named(one)) is not None}

    @property
    def has_body(self) -> bool:
        """Whether one of them is the body around the organs."""
        return list(self.classes.values()).count(BODY) > len(self.unknown)


def meaning_of(labels: LabelMap, mapping: Mapping[int, int] | None = None) -> Meaning:
    """What the values that occur mean.

    Args:
        labels: Any table; names are understood in any case, with spaces or dashes, and with sides before or after.
        mapping: For a value the class it stands for, 0 to 118, which wins over its name.
    """
    classes, parts, sides, unknown = dict(mapping or {}), {}, {}, []
    present = labels.present()
    classes = {value: known for value, known in classes.items() if value in present}
    for value in present:
        label = labels.table.by_value(value)
        if value in classes:
            continue
        if (known := class_named(label.name)) is not None:
            classes[value] = known
        elif label.name in NEAREST:
            parts[value] = label.name
        elif label.name in SIDES:
            sides[value] = label.name
        else:
            classes[value] = BODY
            if label.name not in IN_THE_BODY:
                unknown.append(label.title)
    return Meaning(classes, parts, sides, tuple(unknown))


def to_model(labels: LabelMap, mapping: Mapping[int, int] | None = None) -> Vocabulary:
    """Say labels in the model's classes.

    Args:
        labels: As in `meaning_of`.
        mapping: As in `meaning_of`.

    Returns:
        The classes on the labels' grid.
    """
    meaning = meaning_of(labels, mapping)
    plain = np.zeros(256, np.uint8)
    plain[list(meaning.classes)] = list(meaning.classes.values())
    array = plain[labels.array]
    notes = [_by_side(labels, array, value, name) for value, name in meaning.sides.items()]
    _join_nearest(labels, array, meaning.parts)
    if meaning.unknown:
        notes.append(f"Unknown labels became body: {listed(meaning.unknown)}.")
    return Vocabulary(array, tuple(notes), meaning.unknown)


def _by_side(labels: LabelMap, array: NDArray[np.uint8], value: int, name: str) -> str:
    """Give the voxels of a label the class of the side they lie on."""
    where = np.argwhere(labels.array == value)
    x_mm = labels.grid.to_world(where.astype(np.float64))[:, 0]
    left, right = (class_named(side) or BODY for side in SIDES[name])
    array[tuple(where.T)] = np.where(x_mm > _middle_mm(labels), left, right)
    return f"{name.capitalize()} has no side in these labels; it was told by where it lies."


def _middle_mm(labels: LabelMap) -> float:
    """World x of the middle between the outermost labels."""
    columns = np.flatnonzero((labels.array > 0).any(axis=(0, 1)))
    middle = (labels.grid.shape[0] // 2, labels.grid.shape[1] // 2, (float(columns[0]) + float(columns[-1])) / 2)
    return float(labels.grid.to_world(middle)[0])


def _join_nearest(labels: LabelMap, array: NDArray[np.uint8], parts: Mapping[int, str]) -> None:
    """Give the voxels of parts the class of the organ that they lie in or beside."""
    whole = array.copy()
    for value, name in parts.items():
        inside = labels.array == value
        box = _box(inside, labels.grid.spacing_mm)
        organs = [found for one in NEAREST[name] if (found := class_named(one)) is not None]
        array[box][inside[box]] = _nearest(whole[box], inside[box], organs, labels.grid.spacing_mm, _alone(name))


def _nearest(
    whole: NDArray[np.uint8], inside: NDArray[np.bool_], organs: list[int], spacing_mm: tuple[float, ...], alone: int
) -> NDArray[np.uint8]:
    """The classes of the voxels `inside`, in C order."""
    from scipy import ndimage

    there = np.isin(whole, organs)
    if not there.any():
        return np.full(int(inside.sum()), alone, np.uint8)
    index = ndimage.distance_transform_edt(
        ~there, sampling=spacing_mm[::-1], return_distances=False, return_indices=True
    )
    return np.asarray(whole[tuple(axis[inside] for axis in index)], np.uint8)


def _alone(name: str) -> int:
    usual = "lung_upper_lobe_right" if NEAREST[name] == _LUNG else _ALONE.get(name, "")
    return class_named(usual) or BODY


def _box(inside: NDArray[np.bool_], spacing_mm: tuple[float, ...]) -> tuple[slice, ...]:
    """The box about some voxels, widened by how far an organ is looked for."""
    box = []
    for axis, mm in enumerate(spacing_mm[::-1]):
        hit = np.flatnonzero(inside.any(axis=tuple(other for other in range(3) if other != axis)))
        reach = int(np.ceil(_REACH_MM / mm))
        box.append(slice(max(0, int(hit[0]) - reach), int(hit[-1]) + reach + 1))
    return tuple(box)
