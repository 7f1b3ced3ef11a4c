"""Which kind of lesion a mask marks, and whether it lies in the patient at all."""

from __future__ import annotations

from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from ctstudio.catalog.fit import listed
from ctstudio.catalog.meddiff_organs import classes_of
from ctstudio.core.errors import MaskError, ModelError
from ctstudio.core.labels import LabelMap
from ctstudio.systems.meddiff_fm.weights import MeddiffModel

USUAL = MappingProxyType({"liver_lesion": "liver", "lung_nodule": "lung", "kidney_lesion": "kidney"})
"""The organ that lesions of a kind lie in."""


def kind_of(
    model: MeddiffModel, asked: str, lesion: LabelMap, inside: NDArray[np.bool_], classes: NDArray[np.uint8]
) -> tuple[str, tuple[str, ...]]:
    """The kind of lesion that is drawn, and what to say about it.

    Args:
        model: What it can draw decides.
        asked: "auto", or a kind.
        lesion: The mask, whose labels may say it.
        inside: (z, y, x) where it is.
        classes: (z, y, x) uint8 anatomy on the same grid, 0 to 118.

    Raises:
        ModelError: The model cannot draw it.
        MaskError: Nothing tells the kind.
    """
    able = tuple(model.controls)
    if not able:
        raise ModelError(
            f"The model {model.info.name} cannot draw lesions: it has no control network.",
            "Train one with the recipe fine-tune/meddiff-fm-lesion, or choose another model.",
        )
    if asked != "auto" and asked not in able:
        raise ModelError(
            f"The model {model.info.name} cannot draw a {_title(asked)}.", f"It can draw: {_titles(able)}."
        )
    if asked != "auto":
        return asked, ()
    named = [name for value in lesion.present() if (name := lesion.table.by_value(value).name) in able]
    if named:
        return named[0], ()
    shares = {kind: _share(kind, inside, classes) for kind in able}
    best = max(shares, key=lambda kind: shares[kind])
    if shares[best] > 0 or len(able) == 1:
        why = f"it lies in the {USUAL[best]}" if shares[best] > 0 else "the model knows no other"
        return best, (f"The lesion is taken for a {_title(best)}: {why}.",)
    raise MaskError(
        "Nothing tells which kind of lesion the mask marks.",
        f"Say it with --kind; the model can draw: {_titles(able)}.",
    )


def check_in_body(inside: NDArray[np.bool_], classes: NDArray[np.uint8]) -> tuple[str, ...]:
    """What to say of a lesion that lies partly outside the body.

    Args:
        inside: (z, y, x) the lesion.
        classes: (z, y, x) anatomy on the same grid, 0 for air.

    Raises:
        MaskError: None of it lies in the body.
    """
    share = float((classes[inside] > 0).mean())
    if share == 0:
        raise MaskError("The lesion lies outside the body.", "Paint it inside the patient.")
    return () if share > 0.99 else (f"{1 - share:.0%} of the lesion lies outside the body.",)


def _share(kind: str, inside: NDArray[np.bool_], classes: NDArray[np.uint8]) -> float:
    if kind not in USUAL:
        return 0.0
    return float(np.isin(classes[inside], list(classes_of(USUAL[kind]))).mean())


def _title(kind: str) -> str:
    return kind.replace("_", " ")


def _titles(kinds: tuple[str, ...]) -> str:
    return listed([_title(kind) for kind in kinds])
