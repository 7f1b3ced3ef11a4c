"""The slices that are evaluated: two collections, paired by name where the names are the same."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ctstudio.core.errors import InputError, IntensityError
from ctstudio.core.windows import Window

SOFT_TISSUE = Window(40, 400)
"""The window that NA-Diff's metrics look through."""

LEAST_SIDE = 16


@dataclass(frozen=True)
class EvaluatedSlice:
    """One image.

    Attributes:
        name: What it is paired by, for example "case_01/017".
        image: (y, x) float32, HU or grey levels 0 to 255.
        unit: Which of the two.
    """

    name: str
    image: NDArray[np.float32]
    unit: Literal["HU", "grey"] = "HU"


Collection = Sequence[EvaluatedSlice]


def check_collections(real: Collection, synthetic: Collection) -> tuple[str, ...]:
    """Refuse what cannot be compared; say what is odd.

    Returns:
        Sentences for the user: different counts, different sizes.

    Raises:
        InputError: An empty collection, or scans on one side and pictures on the other.
        IntensityError: NaN or infinite pixels, or a slice of fewer than 16 pixels.
    """
    for title, collection in (("real", real), ("synthetic", synthetic)):
        _check_collection(title, collection)
    units = [{one.unit for one in collection} for collection in (real, synthetic)]
    if len(units[0] | units[1]) > 1:
        raise InputError(
            "Scans in HU cannot be compared with pictures of unknown window.",
            "Give volumes on both sides, or pictures that were all made with the same window.",
        )
    notes = []
    if len(real) != len(synthetic):
        notes.append(f"{len(real)} real slices are compared with {len(synthetic)} synthetic ones.")
    sizes = sorted({one.image.shape for one in (*real, *synthetic)})
    if len(sizes) > 1:
        notes.append(f"Slices differ in size, from {sizes[0]} to {sizes[-1]}: encoders see them at one size.")
    return tuple(notes)


def pairs_of(real: Collection, synthetic: Collection) -> list[tuple[EvaluatedSlice, EvaluatedSlice]]:
    """Real and synthetic slices of the same name and size, in the order of the synthetic ones."""
    by_name = {one.name: one for one in real}
    return [
        (by_name[one.name], one)
        for one in synthetic
        if one.name in by_name and by_name[one.name].image.shape == one.image.shape
    ]


def grey(one: EvaluatedSlice, window: Window = SOFT_TISSUE) -> NDArray[np.uint8]:
    """(y, x) grey levels 0 to 255, through the window when the slice is in HU."""
    return window.to_grey(one.image) if one.unit == "HU" else np.round(one.image).clip(0, 255).astype(np.uint8)


def _check_collection(title: str, collection: Collection) -> None:
    if not collection:
        raise InputError(f"There is no {title} slice to evaluate.", "Give a folder with images.")
    for one in collection:
        if min(one.image.shape) < LEAST_SIDE:
            raise IntensityError(
                f"The {title} slice {one.name} has only {one.image.shape} pixels.",
                f"Give slices of at least {LEAST_SIDE} pixels along both sides.",
            )
        if not np.isfinite(one.image).all():
            raise IntensityError(
                f"The {title} slice {one.name} holds pixels that are NaN or infinite.",
                "Replace them, for example by -1000 HU, and try again.",
            )
