"""From a request to CT slices, as a generator of events."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ctstudio.catalog.few_steps import changes
from ctstudio.catalog.na_diff import GenerateParameters
from ctstudio.core.errors import MaskError, ParameterError
from ctstudio.core.labels import LabelMap
from ctstudio.core.volume import Volume
from ctstudio.diffusion.guidance import guided
from ctstudio.diffusion.loop import Denoised, denoise
from ctstudio.diffusion.noise import generator_for, stack_noise
from ctstudio.diffusion.pace import Pace, Stage
from ctstudio.diffusion.schedules import build_few_step_sampler, build_sampler
from ctstudio.protocol.events import Finished, Preview, Stepped
from ctstudio.protocol.request import Request
from ctstudio.protocol.result import Result, Sample
from ctstudio.systems.na_diff import completion
from ctstudio.systems.na_diff.completion import leaves_open, wholly_given
from ctstudio.systems.na_diff.config import NaDiffConfig
from ctstudio.systems.na_diff.latents import decoded_hu
from ctstudio.systems.na_diff.layout import LayoutNetwork
from ctstudio.systems.na_diff.outcome import Made, finished_sample
from ctstudio.systems.na_diff.placement import Placement, place
from ctstudio.systems.na_diff.telling import BatchConditions, Told, conditions_of, noise_maps_of
from ctstudio.systems.na_diff.weights import NaDiffModel

SLICES_AT_ONCE = 4
"""Slices denoised together. Fixed, so that a sample does not depend on what else was asked for."""

PREVIEW_EVERY = 4
"""Steps between two previews."""

GUIDED_FROM = 300
"""Timestep down to which guidance acts: anatomy is decided above it, CT noise below (Kynkäänniemi et al. 2024)."""

Event = Stepped | Preview | Finished


@torch.no_grad()
def generate(request: Request, model: NaDiffModel) -> Iterator[Event]:
    """Generate CT slices for every slice of the mask that holds a label.

    Args:
        request: Inputs `mask` (LabelMap) and perhaps `like` (Volume, HU); parameters of `GenerateParameters`.
        model: A loaded model.

    Yields:
        `Stepped` after each step, `Preview` now and then, and `Finished` at the end.

    Raises:
        InputError: What was given cannot be used; says what, why and what to do.
    """
    asked = GenerateParameters.model_validate(request.parameters)
    parameters = fitted(asked, model.config)
    mask, like = _inputs(request)
    placement = place(mask, like, model.config, model.groups)
    whole = wholly_given(placement.labels, placement.given, model.groups)
    layout = model.layout if parameters.complete and leaves_open(placement.labels, whole, model.groups) else None
    steps = parameters.steps + (completion.STEPS if layout else 0)
    stage = Stage("", parameters.count * len(_batches(placement)) * steps)
    pace = Pace(request.id, (stage,), parameters.count)
    work = _Work(request, mask, model, parameters, placement, layout, whole, pace)
    changed = changes(asked, parameters, ("sampler", "steps", "guidance"), str(parameters.steps))
    samples = []
    for number in range(1, parameters.count + 1):
        sample = yield from _one_sample(work, number)
        samples.append(sample)
    yield Finished(request.id, Result(request.id, tuple(samples), (*placement.notes, *changed)))


def fitted(parameters: GenerateParameters, config: NaDiffConfig) -> GenerateParameters:
    """The parameters as the model can use them: a distilled student has its own sampler, steps and guidance.

    Raises:
        ParameterError: The few-step sampler is asked of a model that was not distilled.
    """
    if config.few_steps:
        own = {"sampler": "lcm", "steps": len(config.few_steps), "guidance": 1.0}
        return parameters.model_copy(update=own)
    if parameters.sampler == "lcm":
        raise ParameterError(
            "The sampler lcm is for distilled models, and this model is none.",
            "Choose dpm++, or distil the model first: ctstudio train distil/na-diff --base MODEL --out DIR.",
        )
    return parameters


def _inputs(request: Request) -> tuple[LabelMap, Volume | None]:
    mask, like = request.inputs.get("mask"), request.inputs.get("like")
    if not isinstance(mask, LabelMap):
        raise MaskError("NA-Diff needs a mask.", "Paint one, or give a label file with --mask.")
    if like is not None and not isinstance(like, Volume):
        raise ParameterError("The input 'like' must be a scan.", "Give a CT in HU.")
    return mask, like


@dataclass(frozen=True)
class _Work:
    """What all samples of a request share; `layout` completes the mask, unless it is None."""

    request: Request
    mask: LabelMap
    model: NaDiffModel
    parameters: GenerateParameters
    placement: Placement
    layout: LayoutNetwork | None
    whole: NDArray[np.bool_]
    pace: Pace


def _one_sample(work: _Work, number: int) -> Generator[Event, None, Sample]:
    """Generate one sample: yields events, returns the `Sample`."""
    began, started = datetime.now(UTC), time.monotonic()
    request, model, parameters, placement = work.request, work.model, work.parameters, work.placement
    seed = parameters.seed + number - 1
    made = []
    for part in _batches(placement):
        labels, given = yield from _anatomy(work, part, seed, number)
        noise_maps = noise_maps_of(placement, part, parameters.dose, seed)
        conditions = conditions_of(model, labels, given, noise_maps, parameters.guidance > 1.0)
        for done in _denoised(model, parameters, placement.slices[part], seed, conditions):
            yield work.pace.step(number)
            if done.step % PREVIEW_EVERY == 0 and done.step < done.total:
                yield Preview(request.id, number, _preview(model, done.x_0, placement, part))
        slices_hu = decoded_hu(model.vae, model.config, done.x_t)
        made.append(Made(slices_hu, noise_maps[:, 0].numpy(), labels.numpy()))
    stack, seconds = Made.joined(made, completed=work.layout is not None), time.monotonic() - started
    return finished_sample(request, work.mask, model, parameters, placement, stack, seed, began, seconds)


def _batches(placement: Placement) -> list[slice]:
    return [slice(begin, begin + SLICES_AT_ONCE) for begin in range(0, len(placement.slices), SLICES_AT_ONCE)]


def _anatomy(work: _Work, part: slice, seed: int, number: int) -> Generator[Event, None, tuple[Tensor, Tensor]]:
    """Labels (B, 256, 256) that a batch shall follow, and (B, G) which groups they speak of: all, once completed."""
    placement, groups = work.placement, work.model.groups
    labels = torch.from_numpy(placement.labels[part])
    given, whole = (torch.from_numpy(each)[None].expand(len(labels), -1) for each in (placement.given, work.whole))
    if work.layout is None:
        return labels, given
    completing = completion.complete(work.layout, labels, whole, groups, placement.slices[part], seed)
    while True:
        try:
            next(completing)
        except StopIteration as finished:
            return finished.value, torch.ones_like(given)
        yield work.pace.step(number)


def _denoised(
    model: NaDiffModel,
    parameters: GenerateParameters,
    slices: tuple[int, ...],
    seed: int,
    conditions: BatchConditions,
) -> Iterator[Denoised]:
    """The denoising of one batch of slices."""
    config = model.config
    shape = (config.latent_channels, config.latent_side, config.latent_side)
    x_t = stack_noise(seed, list(slices), shape).to(model.device)
    if config.few_steps:
        scheduler = build_few_step_sampler(config.few_steps, config.prediction, config.few_steps_redraw)
    else:
        scheduler = build_sampler(parameters.sampler, parameters.steps, config.prediction, config.learn_sigma)
    generators = [generator_for(seed, "sampler", z) for z in slices]

    def predict(z_t: Tensor, timesteps: Tensor) -> Tensor:
        early = int(timesteps[0]) >= GUIDED_FROM
        told, channels = _call_network(model, z_t, timesteps, conditions.told), config.latent_channels
        prediction = guided(
            lambda: told[:, :channels],
            lambda: _call_network(model, z_t, timesteps, conditions.free)[:, :channels],
            parameters.guidance if early else 1.0,
        )
        if parameters.sampler != "ddpm":
            return prediction
        return torch.cat([prediction, told[:, channels:]], dim=1)  # guidance sharpens the mean, not the variance

    yield from denoise(predict, scheduler, x_t, generators)


def _call_network(model: NaDiffModel, z_t: Tensor, timesteps: Tensor, told: Told) -> Tensor:
    """One call of the denoiser, with the channels of the variance if it has them; only here autocast is on."""
    with torch.autocast(model.device.type, torch.bfloat16, enabled=model.dtype == torch.bfloat16):
        return model.network(z_t, timesteps, told.vector, told.spatial).float()  # type: ignore[no-any-return]


def _preview(model: NaDiffModel, x_0: Tensor, placement: Placement, part: slice) -> Volume:
    """The middle slice of the batch as it looks now, (1, 256, 256) HU."""
    middle = len(x_0) // 2
    grid = placement.working.slab(placement.slices[part][middle], 1)
    return Volume(decoded_hu(model.vae, model.config, x_0[middle : middle + 1]), grid, synthetic=True)
