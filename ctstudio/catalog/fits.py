"""How well a request fits a model, whichever system it belongs to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ctstudio.catalog import meddiff_fit, medsyn_fit, na_diff_fit
from ctstudio.catalog.fit import Fit
from ctstudio.catalog.shelf import Model
from ctstudio.core.labels import LabelMap
from ctstudio.core.volume import Volume


def fits_of(
    model: Model, parameters: Mapping[str, Any], inputs: Mapping[str, Volume | LabelMap], free_bytes: int | None = None
) -> list[Fit]:
    """One finding for each thing that was looked at, in the order they are shown.

    Args:
        model: That is asked.
        parameters: As validated by the task's card.
        inputs: By name.
        free_bytes: Memory of the device that is free, where it is known.
    """
    if model.info.system == "medsyn":
        return medsyn_fit.assess(model, parameters, inputs, free_bytes)
    if model.info.system == "meddiff_fm":
        return meddiff_fit.assess(model, parameters, inputs, free_bytes)
    mask, like = inputs.get("mask"), inputs.get("like")
    if not isinstance(mask, LabelMap) or "dose" not in parameters:
        return []
    scan = like if isinstance(like, Volume) else None
    return na_diff_fit.assess(model.info, mask, (scan or mask).grid, float(parameters["dose"]), scan)
