"""A system for tests of the engine: real weights on disk, real torch, steps of a few milliseconds.

The parameters of a request say what happens: `steps`, `step_seconds`, `count`, and `trouble` with the step it comes at.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import torch

from ctstudio.catalog.model_card import ModelInfo, Range, Ranges
from ctstudio.catalog.shelf import file_digest
from ctstudio.core.errors import Cancelled, MaskError
from ctstudio.core.grid import Grid
from ctstudio.core.labels import LabelMap, standard_table
from ctstudio.core.provenance import Provenance, digest
from ctstudio.core.volume import Volume
from ctstudio.engine.pipelines import Pipeline
from ctstudio.protocol.events import Event, Finished, Preview, Stepped
from ctstudio.protocol.request import Request, new_id
from ctstudio.protocol.result import Result, Sample

PIPELINES = MappingProxyType({("tiny", "add"): Pipeline("tiny_system:load", "tiny_system:generate")})
GRID = Grid((4, 160, 160), (1.5, 1.5, 3.0))
CLOSED: list[str] = []


def write_model(folder: Path, name: str = "tiny-demo", system: str = "tiny", value: float = 2.0) -> Path:
    """A model on disk: one tensor, with its digest in `model.json`."""
    place = folder / name
    place.mkdir(parents=True)
    torch.save({"value": torch.tensor(value)}, place / "weights.pt")
    span = Range(low=0, high=1)
    info = ModelInfo(
        name=name, size="demo", title=name, system=system, files={"weights.pt": file_digest(place / "weights.pt")},
        ranges=Ranges(region="abdomen", fov_mm=span, spacing_mm=span, dose=span, labels=["liver"]),
    )  # fmt: skip
    info.write(place)
    return place


def request(model: Path | str, **parameters: Any) -> Request:
    """A request with a mask large enough to need shared memory for its result."""
    mask = LabelMap(np.full(GRID.shape, 5, np.uint8), GRID, standard_table())
    return Request(new_id(), "tiny", "add", str(model), {"seed": 1, "steps": 3, **parameters}, {"mask": mask}, "cpu")


def load(folder: Path, info: ModelInfo, device: torch.device, dtype: torch.dtype) -> torch.Tensor:
    weights: dict[str, torch.Tensor] = torch.load(folder / "weights.pt", weights_only=True)
    return weights["value"].to(device, dtype)


def generate(request: Request, value: torch.Tensor) -> Iterator[Event]:
    told = request.parameters
    steps, count = told["steps"], told.get("count", 1)
    mask = request.inputs["mask"]
    samples = []
    try:
        for sample in range(1, count + 1):
            rng = torch.Generator().manual_seed(told["seed"] + sample)
            image = torch.randn(mask.grid.shape, generator=rng) * value
            for step in range(1, steps + 1):
                time.sleep(told.get("step_seconds", 0.0))
                if told.get("trouble_at", 2) == step:
                    _trouble(told.get("trouble", ""))
                yield Stepped(request.id, (sample - 1) * steps + step, steps * count, sample, count)
            volume = Volume(image.numpy(), mask.grid, synthetic=True)
            yield Preview(request.id, sample, volume)
            provenance = Provenance(
                "tiny", "add", told, told["seed"], request.model, outputs={"ct": digest(volume.array)}
            )
            samples.append(Sample(told["seed"], {"ct": volume, "mask": mask}, {"noise_sd_hu": 1.0}, provenance))
        yield Finished(request.id, Result(request.id, tuple(samples)))
    finally:
        CLOSED.append(request.id)


def _trouble(kind: str) -> None:
    if kind == "mask":
        raise MaskError("The mask is empty.", "Paint something.")
    if kind == "bug":
        raise ZeroDivisionError("nobody thought of this")
    if kind == "cancelled":
        raise Cancelled("Enough.")
    if kind == "cpu memory":
        torch.empty(2**50, dtype=torch.uint8)
    if kind == "cuda memory":
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 1 TiB")
    if kind == "exit":
        os._exit(3)
