"""The provenance of a sample, as far as its request and its model tell it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from ctstudio.catalog.model_card import ModelInfo
from ctstudio.core.labels import LabelMap
from ctstudio.core.provenance import Provenance, digest
from ctstudio.core.volume import Volume
from ctstudio.protocol.request import Request


def provenance_of(
    request: Request,
    info: ModelInfo,
    parameters: Mapping[str, Any],
    seed: int,
    outputs: Mapping[str, Volume | LabelMap],
    began: datetime,
    seconds: float,
) -> Provenance:
    """How one sample came to be; versions, device and dtype are the engine's to add.

    Args:
        request: What was asked.
        info: Of the model that made it.
        parameters: JSON values that were used.
        seed: Of this sample.
        outputs: What was made.
        began: Start, UTC.
        seconds: Wall time.
    """
    inputs = {
        name: {
            "file": request.input_files.get(name, ""),
            "sha256": digest(image.array),
            "shape": list(image.grid.shape),
            "spacing_mm": list(image.grid.spacing_mm),
            "origin_mm": list(image.grid.origin_mm),
        }
        for name, image in request.inputs.items()
    }
    return Provenance(
        system=request.system,
        task=request.task,
        parameters=for_one(parameters, seed),
        seed=seed,
        model=request.model,
        model_digests=dict(info.files),
        inputs=inputs,
        started=began.isoformat(timespec="seconds"),
        seconds=round(seconds, 3),
        outputs={name: digest(image.array) for name, image in outputs.items()},
    )


def for_one(parameters: Mapping[str, Any], seed: int) -> dict[str, Any]:
    """The parameters that give one sample of a request again, by its own seed; some tasks have no count."""
    alone = {"seed": seed, **({"count": 1} if "count" in parameters else {})}
    return {**parameters, **alone}
