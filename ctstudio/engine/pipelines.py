"""Run a request: find its system, load its model, and pass on what its pipeline says.

The worker process and the command line both run this same generator.
"""

from __future__ import annotations

import dataclasses
import importlib
from collections.abc import Generator, Mapping
from contextlib import closing
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import torch

from ctstudio.catalog.cards import all_cards
from ctstudio.catalog.shelf import Model, find_model
from ctstudio.core.errors import EngineError, ModelError, ParameterError
from ctstudio.engine import devices
from ctstudio.engine.cache import ModelCache
from ctstudio.engine.devices import Placement
from ctstudio.protocol.events import Event, Finished, Loading
from ctstudio.protocol.request import Request


@dataclass(frozen=True)
class Pipeline:
    """Where the two functions of a task are, as "module:function"; imported when first used.

    Attributes:
        load: `(folder, info, device, dtype) -> model`; "" for a task without a model.
        generate: `(request, model) -> generator of events`, the last of them `Finished`.
        cpu_bf16: Whether the networks may compute in bf16 on a processor. Measured of MedSyn on two chests, against
            fp32 with the same seed: labels agree by a Dice of 0.995, HU within 1.7 on the mean (0.69 and 121 between
            two seeds), lung volumes within 0.2 %; but fluid at the limit of what is counted was 45 ml against none.
    """

    load: str
    generate: str
    cpu_bf16: bool = False


Pipelines = Mapping[tuple[str, str], Pipeline]

PIPELINES: Pipelines = MappingProxyType(
    {
        ("na_diff", "generate"): Pipeline(
            load="ctstudio.systems.na_diff.weights:load",
            generate="ctstudio.systems.na_diff.pipeline:generate",
        ),
        ("medsyn", "generate"): Pipeline(
            load="ctstudio.systems.medsyn.weights:load",
            generate="ctstudio.systems.medsyn.pipeline:generate",
            cpu_bf16=True,
        ),
        ("medsyn", "segment"): Pipeline(
            load="ctstudio.systems.medsyn.weights:load",
            generate="ctstudio.systems.medsyn.pipeline:segment",
            cpu_bf16=True,
        ),
        **{
            ("meddiff_fm", task): Pipeline(
                load="ctstudio.systems.meddiff_fm.weights:load",
                generate=f"ctstudio.systems.meddiff_fm.{place}",
                cpu_bf16=task != "detect",  # which multiplies a network's errors, see weights.precise
            )
            for task, place in (
                ("synthesize", "pipeline_synthesize:synthesize"),
                ("denoise", "pipeline_denoise:denoise"),
                ("detect", "pipeline_detect:detect"),
                ("add-lesion", "pipeline_add_lesion:add_lesion"),
                ("inpaint-lesion", "pipeline_lesion:inpaint_lesion"),
                ("remove-lesion", "pipeline_lesion:remove_lesion"),
            )
        },
        ("ctstudio", "dose"): Pipeline(load="", generate="ctstudio.engine.dose_job:generate"),
    }
)
"""By system and task."""


def run(request: Request, cache: ModelCache, pipelines: Pipelines = PIPELINES) -> Generator[Event, None, None]:
    """Work on a request; close the generator to stop it.

    Args:
        request: What is asked.
        cache: Keeps the model for the next request.
        pipelines: The tasks that can be run.

    Yields:
        `Loading` when the model comes from disk, then the events of the task's pipeline.

    Raises:
        CtStudioError: The request cannot be served; `EngineError` when memory is short.
    """
    devices.use_all_cores()
    pipeline = _pipeline(request, pipelines)
    request = _checked(request)
    model = _model(request) if pipeline.load else None
    placement = devices.place(request.device, request.dtype, pipeline.cpu_bf16)
    try:
        if model is not None and not cache.holds(model, placement):
            yield Loading(request.id, f"Loading model {model.info.title} …")
        loaded = None if model is None else cache.get(model, placement, _function(pipeline.load))
        with closing(_function(pipeline.generate)(request, loaded)) as events:
            for event in events:
                yield _completed(event, placement) if isinstance(event, Finished) else event
    except (MemoryError, RuntimeError) as error:
        if not _is_out_of_memory(error):
            raise
        cache.clear()
        raise _out_of_memory(request, placement, error) from error.with_traceback(None)


def warm_up(pipelines: Pipelines = PIPELINES) -> None:
    """Import the modules of all tasks, so that the first request need not wait for that."""
    for pipeline in pipelines.values():
        if pipeline.load:
            _function(pipeline.load)
        _function(pipeline.generate)


def _pipeline(request: Request, pipelines: Pipelines) -> Pipeline:
    found = pipelines.get((request.system, request.task))
    if found is None:
        known = ", ".join(f"{system} {task}" for system, task in pipelines)
        raise ParameterError(
            f"This program cannot do {request.system!r} {request.task!r}.", f"It can do: {known or 'nothing'}."
        )
    return found


def _checked(request: Request) -> Request:
    """The request with its parameters checked and filled in by its card, where the catalog has one."""
    for card in all_cards():
        if (card.system, card.task) == (request.system, request.task):
            values = card.validated(request.parameters)
            card.check_given(values, request.inputs)
            return dataclasses.replace(request, parameters=values)
    return request


def _model(request: Request) -> Model:
    model = find_model(request.model)
    if model.info.system != request.system:
        raise ModelError(
            f"The model {model.info.name} belongs to {model.info.system}, not to {request.system}.",
            f"Choose a model of {request.system}: 'ctstudio models list' shows them.",
        )
    if model.info.not_ready:
        raise ModelError(model.info.not_ready, "Train it first (ctstudio train --list), or choose another model.")
    return model


def _function(place: str) -> Any:
    module, _, name = place.partition(":")
    return getattr(importlib.import_module(module), name)


def _completed(event: Finished, placement: Placement) -> Finished:
    """The result with what only the engine knows in each provenance, where the pipeline left it open."""
    samples = []
    for sample in event.result.samples:
        told = sample.provenance
        provenance = dataclasses.replace(
            told,
            device=told.device or placement.device_name,
            dtype=told.dtype or placement.dtype_name,
            versions={**devices.versions(), **told.versions},
        )
        samples.append(dataclasses.replace(sample, provenance=provenance))
    return Finished(event.request_id, dataclasses.replace(event.result, samples=tuple(samples)))


def _is_out_of_memory(error: Exception) -> bool:
    """Torch says it in a class of its own on CUDA, and in words on the CPU."""
    words = ("not enough memory", "can't allocate memory", "out of memory")
    return isinstance(error, MemoryError | torch.OutOfMemoryError) or any(word in str(error) for word in words)


def _out_of_memory(request: Request, placement: Placement, error: Exception) -> EngineError:
    sizes = [" x ".join(map(str, image.grid.shape)) for image in request.inputs.values()]
    count = request.parameters.get("count", 1)
    what = f"{count} {'sample' if count == 1 else 'samples'}" + (f" on {sizes[0]} voxels" if sizes else "")
    return EngineError(
        f"There is not enough memory on {placement.device_name} for {what}.",
        "Ask for fewer samples at once, or give a smaller image; closing other programs may help too.",
        str(error),
    )
