"""From a request to a chest, as a generator of events: a coarse volume first, then the fine one made from it."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

import torch
from torch import Tensor

from ctstudio.catalog.few_steps import changes
from ctstudio.catalog.medsyn import ANATOMY, GENERATE, GenerateParameters, SegmentParameters
from ctstudio.catalog.medsyn_memory import Plan
from ctstudio.core.errors import IntensityError, MaskError
from ctstudio.core.grid import Grid
from ctstudio.core.labels import LabelMap
from ctstudio.core.volume import Volume
from ctstudio.diffusion.interruptible import interruptible
from ctstudio.diffusion.loop import Denoised
from ctstudio.diffusion.pace import Pace, Stage
from ctstudio.protocol.events import Finished, Preview, Stepped
from ctstudio.protocol.recorded import provenance_of
from ctstudio.protocol.request import Request
from ctstudio.protocol.result import Result, Sample
from ctstudio.systems.medsyn.channels import LOBES, decoded
from ctstudio.systems.medsyn.config import MedsynConfig
from ctstudio.systems.medsyn.foretelling import SECONDS_PER_VOXEL, fine_step_seconds
from ctstudio.systems.medsyn.memory import planned
from ctstudio.systems.medsyn.outcome import Outcome, worked_out
from ctstudio.systems.medsyn.placement import Placement, place_anatomy, place_freely, place_scan
from ctstudio.systems.medsyn.sampling import Known, evaluations
from ctstudio.systems.medsyn.stages import Heard, coarse_steps, fine_steps, given, heard
from ctstudio.systems.medsyn.weights import MedsynModel
from ctstudio.systems.medsyn.work import coarse_cost, fine_cost

COARSE, FINE = "coarse volume", "refinement"
"""Names of the two stages, for people."""
PREVIEW_EVERY = MappingProxyType({COARSE: 4, FINE: 2})
"""Steps between two previews."""

Event = Stepped | Preview | Finished
Parameters = GenerateParameters | SegmentParameters


def generate(request: Request, model: MedsynModel) -> Iterator[Event]:
    """Generate chests from a report, from anatomy, or from both.

    Args:
        request: Inputs `lobes`, `airway`, `vessels` (LabelMaps), each optional; parameters of `GenerateParameters`.
        model: A loaded model.

    Yields:
        `Stepped` after each step and while a long one lasts, `Preview` now and then, and `Finished` at the end.

    Raises:
        InputError: What was given cannot be used, or memory is too small; says what, why and what to do.
    """
    parameters = GenerateParameters.model_validate(request.parameters)
    GENERATE.check_given(parameters.model_dump(), request.inputs)
    anatomy = _anatomy(request)
    placement = place_anatomy(anatomy, model.config) if anatomy else place_freely(model.config)
    yield from _made(request, model, parameters, placement)


def segment(request: Request, model: MedsynModel) -> Iterator[Event]:
    """Read the structures of a chest CT, by generating them for it.

    Args:
        request: Input `scan` (Volume, HU); parameters of `SegmentParameters`.
        model: A loaded model.

    Yields:
        As `generate`.

    Raises:
        InputError: As `generate`.
    """
    parameters = SegmentParameters.model_validate(request.parameters)
    scan = request.inputs.get("scan")
    if not isinstance(scan, Volume):
        raise IntensityError("There is no scan to read.", "Give a chest CT with --scan.")
    yield from _made(request, model, parameters, place_scan(scan, model.config))


def _anatomy(request: Request) -> dict[str, LabelMap]:
    found = {}
    for name in ANATOMY:
        labels = request.inputs.get(name)
        if isinstance(labels, Volume):
            raise MaskError(f"What was given as {name} is a scan.", "Give a label map.")
        if labels is not None:
            found[name] = labels
    return found


@dataclass(frozen=True)
class _Work:
    """What all samples of a request share; `known` is what is given, on the fine grid."""

    request: Request
    model: MedsynModel
    plan: Plan
    parameters: Parameters
    placement: Placement
    hears: Heard
    known: Known | None
    pace: Pace


def fitted(parameters: Parameters, config: MedsynConfig) -> Parameters:
    """The parameters as the model can use them: a distilled student has its own times and guidance."""
    if not config.few_steps:
        return parameters
    own: dict[str, Any] = {"sampler": "ddim", "steps": len(config.few_steps)}
    if parameters.upscale_steps:
        own["upscale_steps"] = len(config.few_upscale_steps)
    if isinstance(parameters, GenerateParameters):
        own["guidance"] = 1.0
    return parameters.model_copy(update=own)


def _made(request: Request, model: MedsynModel, asked: Parameters, placement: Placement) -> Iterator[Event]:
    """All samples of a request."""
    parameters = fitted(asked, model.config)
    guidance = parameters.guidance if isinstance(parameters, GenerateParameters) else 1.0
    plan = planned(model, parameters.upscale_steps > 0)
    hears = heard(model, parameters.text, parameters.impression, guidance)
    pace = yield from _foretold(request, model, plan, parameters, hears)
    work = _Work(request, model, plan, parameters, placement, hears, given(model, placement), pace)
    samples = []
    for number in range(1, parameters.count + 1):
        sample = yield from _one_sample(work, number)
        samples.append(sample)
    yield Finished(request.id, Result(request.id, tuple(samples), (*_notes(work), *_changes(asked, parameters))))


def _foretold(
    request: Request, model: MedsynModel, plan: Plan, parameters: Parameters, hears: Heard
) -> Generator[Event, None, Pace]:
    """The pace of a request, for which a piece of a refinement step is timed, if there will be any."""
    stages, side = _stages(model, parameters, hears), model.config.base.side
    if parameters.upscale_steps:
        side, beginning = model.config.upscaler.side, Pace(request.id, stages, parameters.count)
        with closing(interruptible(fine_step_seconds(model, plan))) as coming:
            for seconds in coming:
                if seconds is None:
                    yield beginning.waiting(1, COARSE)
                else:
                    stages = (stages[0], replace(stages[1], seconds=seconds))
    return Pace(request.id, stages, parameters.count, SECONDS_PER_VOXEL * side**3)


def _stages(model: MedsynModel, parameters: Parameters, hears: Heard) -> tuple[Stage, ...]:
    """Both stages with the steps of all samples, or the first alone."""
    asked = [(COARSE, parameters.steps, coarse_cost(model.config.base, len(hears.told)))]
    if parameters.upscale_steps:
        asked.append((FINE, parameters.upscale_steps, fine_cost(model.config.upscaler)))
    return tuple(
        Stage(name, parameters.count * evaluations(parameters.sampler, steps), cost) for name, steps, cost in asked
    )


def _one_sample(work: _Work, number: int) -> Generator[Event, None, Sample]:
    """Make one sample: yields events, returns the `Sample`."""
    began, started = datetime.now(UTC), time.monotonic()
    request, model, parameters, grid = work.request, work.model, work.parameters, work.placement.coarse
    seed = parameters.seed + number - 1
    steps = coarse_steps(model, work.plan, work.hears, work.known, parameters.sampler, parameters.steps, seed)
    volume = yield from _followed(work, number, COARSE, steps)
    if parameters.upscale_steps:
        yield Preview(request.id, number, _shown(volume, grid))
        grid = work.placement.fine
        steps = fine_steps(model, work.plan, volume, work.known, parameters.sampler, parameters.upscale_steps, seed)
        volume = yield from _followed(work, number, FINE, steps)
    made = yield from _worked_out(work, number, volume[0], grid)
    seconds = time.monotonic() - started
    told = provenance_of(request, model.info, parameters.model_dump(), seed, made.outputs, began, seconds)
    return Sample(seed, made.outputs, made.measures, told)


def _worked_out(work: _Work, number: int, volume: Tensor, grid: Grid) -> Generator[Event, None, Outcome]:
    """Outputs and measures of a volume (4, side, side, side); may be left, as a step may."""
    scan, stage = work.request.inputs.get("scan"), FINE if work.parameters.upscale_steps else COARSE
    parts = worked_out(volume, grid, LOBES in work.placement.channels, scan if isinstance(scan, Volume) else None)
    made = Outcome({}, {})
    with closing(interruptible(parts)) as coming:
        for part in coming:
            yield work.pace.waiting(number, stage)
            made = part or made
    return made


def _followed(work: _Work, number: int, stage: str, steps: Iterator[Denoised]) -> Generator[Event, None, Tensor]:
    """All steps of a stage as events; returns the volume (1, 4, side, side, side)."""
    grid = work.placement.coarse if stage == COARSE else work.placement.fine
    work.pace.resume()
    with closing(_watched(steps, work.model.device)) as coming:
        for done in coming:
            if done is None:
                yield work.pace.waiting(number, stage)
                continue
            yield work.pace.step(number, stage)
            if done.step % PREVIEW_EVERY[stage] == 0 and done.step < done.total:
                yield Preview(work.request.id, number, _shown(done.x_0, grid))
            volume = done.x_t
    return volume


def _watched(steps: Iterator[Denoised], device: torch.device) -> Generator[Denoised | None, None, None]:
    """On a processor a step may take long; on CUDA it is waited for, or steps would be counted before they are done."""
    if device.type == "cpu":
        yield from interruptible(steps)
        return
    for step in steps:
        torch.cuda.synchronize(device)
        yield step


def _shown(x_0: Tensor, grid: Grid) -> Volume:
    """The CT of a volume on its way."""
    return Volume(decoded(x_0[0]).hu, grid, synthetic=True)


def _changes(asked: Parameters, used: Parameters) -> tuple[str, ...]:
    own = [name for name in ("sampler", "steps", "upscale_steps", "guidance") if name in type(asked).model_fields]
    return changes(asked, used, own, f"{used.steps} and {used.upscale_steps}")


def _notes(work: _Work) -> tuple[str, ...]:
    parameters, notes = work.parameters, list(work.placement.notes)
    if parameters.text or parameters.impression:
        notes += work.model.text.tokens([(parameters.text, parameters.impression)]).notes
    if not parameters.upscale_steps:
        side = work.model.config.base.side
        notes.append(f"This is the coarse volume of {side} x {side} x {side} voxels: no refinement was asked for.")
    return tuple(notes)
