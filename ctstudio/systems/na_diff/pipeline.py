"""From a request to CT slices, as a generator of events."""

from __future__ import annotations

import platform
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ctstudio.catalog.na_diff import CARD, GenerateParameters
from ctstudio.core.errors import MaskError, ParameterError
from ctstudio.core.grid import Grid
from ctstudio.core.labels import LabelMap
from ctstudio.core.provenance import Provenance, digest
from ctstudio.core.seeds import derived
from ctstudio.core.volume import Volume
from ctstudio.diffusion.guidance import guided
from ctstudio.diffusion.loop import denoise
from ctstudio.diffusion.noise import generator_for, stack_noise
from ctstudio.diffusion.schedules import build_sampler
from ctstudio.measure.dose_prediction import predict_in_mask
from ctstudio.measure.noise import noise_sd_hu
from ctstudio.measure.surrogate import surrogate_slice_hu
from ctstudio.nets.clip import embed_picture
from ctstudio.physics.dose import simulate_low_dose
from ctstudio.physics.geometry import ParallelGeometry
from ctstudio.physics.noise_map import noise_map
from ctstudio.protocol.events import Finished, Preview, Stepped
from ctstudio.protocol.request import Request
from ctstudio.protocol.result import Result, Sample
from ctstudio.systems.na_diff.conditions import map_picture, mask_picture, spatial_condition
from ctstudio.systems.na_diff.placement import AIR_HU, Placement, onto_target, place
from ctstudio.systems.na_diff.weights import NaDiffModel

SLICES_AT_ONCE = 4
"""Slices denoised together. Fixed, so that a sample does not depend on what else was asked for."""

PREVIEW_EVERY = 4
"""Steps between two previews."""

Event = Stepped | Preview | Finished


@dataclass(frozen=True)
class Conditions:
    """What the network is told about a batch of slices, with and without mask and noise map.

    Attributes:
        told: (B, D) condition vector and (B, K, side, side) spatial condition.
        free: The same with everything dropped, for guidance.
    """

    told: tuple[Tensor, Tensor | None]
    free: tuple[Tensor, Tensor | None]


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
    parameters = GenerateParameters.model_validate(request.parameters)
    placement = _placed(request, model)
    clock = time.monotonic()
    samples = []
    for number in range(parameters.count):
        sample = yield from _one_sample(request, model, parameters, placement, number, clock)
        samples.append(sample)
    yield Finished(request.id, Result(request.id, tuple(samples), placement.notes))


def _placed(request: Request, model: NaDiffModel) -> Placement:
    mask, like = request.inputs.get("mask"), request.inputs.get("like")
    if not isinstance(mask, LabelMap):
        raise MaskError("NA-Diff needs a mask.", "Paint one, or give a label file with --mask.")
    if like is not None and not isinstance(like, Volume):
        raise ParameterError("The input 'like' must be a scan.", "Give a CT in HU.")
    return place(mask, like, model.config, model.groups)


def _one_sample(
    request: Request,
    model: NaDiffModel,
    parameters: GenerateParameters,
    placement: Placement,
    number: int,
    clock: float,
) -> Iterator[Any]:
    """Generate one sample: yields events, returns the `Sample`."""
    began, started = datetime.now(UTC), time.monotonic()
    seed = parameters.seed + number
    chunks = [slice(b, b + SLICES_AT_ONCE) for b in range(0, len(placement.slices), SLICES_AT_ONCE)]
    total = parameters.count * len(chunks) * parameters.steps
    images, maps = [], []
    for order, part in enumerate(chunks):
        noise_maps = _noise_maps(placement, part, parameters.dose, seed, model.config.pixel_mm)
        conditions = _conditions(model, placement, part, noise_maps)
        z = None
        for done in _denoised(model, parameters, placement.slices[part], seed, conditions):
            z = done.x_t
            step = (number * len(chunks) + order) * parameters.steps + done.step
            left = (time.monotonic() - clock) / step * (total - step)
            yield Stepped(request.id, step, total, number + 1, parameters.count, left)
            if done.step % PREVIEW_EVERY == 0 and done.step < done.total:
                yield Preview(request.id, number + 1, _preview(model, done.x_0, placement, part))
        images.append(_decode(model, z))
        maps.append(noise_maps[:, 0].numpy())
    outputs, measures = _outputs(request, model, parameters, placement, np.concatenate(images), np.concatenate(maps))
    seconds = time.monotonic() - started
    provenance = _provenance(request, model, parameters, seed, outputs, began.isoformat(timespec="seconds"), seconds)
    return Sample(seed, outputs, measures, provenance)


def _denoised(
    model: NaDiffModel, parameters: GenerateParameters, slices: tuple[int, ...], seed: int, conditions: Conditions
) -> Iterator[Any]:
    """The denoising of one batch of slices."""
    config = model.config
    shape = (config.latent_channels, config.latent_side, config.latent_side)
    x_t = stack_noise(seed, list(slices), shape).to(model.device)
    scheduler = build_sampler(parameters.sampler, parameters.steps, config.prediction)
    generators = [generator_for(seed, "sampler", z) for z in slices]

    def predict(z_t: Tensor, timesteps: Tensor) -> Tensor:
        return guided(
            lambda: _call_network(model, z_t, timesteps, conditions.told),
            lambda: _call_network(model, z_t, timesteps, conditions.free),
            parameters.guidance,
        )

    yield from denoise(predict, scheduler, x_t, generators)


def _call_network(model: NaDiffModel, z_t: Tensor, timesteps: Tensor, given: tuple[Tensor, Tensor | None]) -> Tensor:
    """One call of the denoiser; the only place where autocast is on. The variance channels are not used."""
    with torch.autocast(model.device.type, torch.bfloat16, enabled=model.dtype == torch.bfloat16):
        prediction = model.network(z_t, timesteps, *given)
    return prediction[:, : model.config.latent_channels].float()


def _noise_maps(placement: Placement, part: slice, dose: float, seed: int, pixel_mm: float) -> Tensor:
    """(B, 1, 256, 256) noise map of each slice at the dose, from the scan, or from a stand-in made of the mask."""
    geometry = ParallelGeometry(placement.working.shape[1], pixel_mm)
    maps = []
    for row, z in zip(range(*part.indices(len(placement.slices))), placement.slices[part], strict=True):
        image = torch.from_numpy(_attenuating_hu(placement, row, pixel_mm))[None, None]
        generator = torch.Generator().manual_seed(derived(seed, "noise map", z))
        maps.append(noise_map(simulate_low_dose(image, dose, geometry, generator).noise_hu))
    return torch.cat(maps)


def _attenuating_hu(placement: Placement, row: int, pixel_mm: float) -> NDArray[np.float32]:
    """HU that the photons of one slice meet: the scan's, else usual HU by label with a body beneath."""
    if placement.scan_hu is not None:
        return placement.scan_hu[row]
    return surrogate_slice_hu(placement.labels[row], pixel_mm)


def _conditions(model: NaDiffModel, placement: Placement, part: slice, noise_maps: Tensor) -> Conditions:
    labels = torch.from_numpy(placement.labels[part])
    told = torch.from_numpy(placement.given)[None].expand(len(labels), -1)
    return Conditions(
        _condition(model, labels, told, noise_maps, keep=True),
        _condition(model, labels, torch.zeros_like(told), torch.zeros_like(noise_maps), keep=False),
    )


def _condition(
    model: NaDiffModel, labels: Tensor, given: Tensor, noise_maps: Tensor, keep: bool
) -> tuple[Tensor, Tensor | None]:
    device = model.device
    map_embedding = embed_picture(model.clip, map_picture(noise_maps).to(device))
    mask_embedding = embed_picture(model.clip, mask_picture(labels, given, model.groups).to(device))
    kept = torch.full((len(labels),), keep, device=device)
    vector = model.network.conditions(map_embedding, mask_embedding, kept, kept)
    if not model.config.spatial:
        return vector, None
    return vector, spatial_condition(labels, given, noise_maps, model.config, model.groups).to(device)


def _decode(model: NaDiffModel, z: Tensor | None) -> NDArray[np.float32]:
    """Latents (B, C, side, side) to (B, 256, 256) HU."""
    config = model.config
    mean = torch.tensor(config.latent_mean, device=model.device).view(1, -1, 1, 1)
    std = torch.tensor(config.latent_std, device=model.device).view(1, -1, 1, 1)
    decoded = model.vae.decode(z * std + mean).sample.float().mean(dim=1)  # (B, 256, 256), channels averaged
    return config.window.from_unit(decoded.cpu().numpy())


def _preview(model: NaDiffModel, x_0: Tensor, placement: Placement, part: slice) -> Volume:
    """The middle slice of the batch as it looks now, (1, 256, 256) HU."""
    middle = len(x_0) // 2
    z = placement.slices[part][middle]
    working = placement.working
    origin = working.to_world((z, 0, 0))
    grid = Grid((1, *working.shape[1:]), working.spacing_mm, tuple(map(float, origin)), working.direction)  # type: ignore[arg-type]
    return Volume(_decode(model, x_0[middle : middle + 1]), grid, synthetic=True)


def _outputs(
    request: Request,
    model: NaDiffModel,
    parameters: GenerateParameters,
    placement: Placement,
    images: NDArray[np.float32],
    maps: NDArray[np.float32],
) -> tuple[dict[str, Volume | LabelMap], dict[str, float]]:
    """Results on the mask's grid, and the numbers measured on the network's own slices."""
    hu = np.round(onto_target(images, placement, "bicubic", AIR_HU)).astype(np.int16)
    sd = onto_target(maps, placement, "bilinear", 0.0)
    mask = request.inputs["mask"]
    outputs: dict[str, Volume | LabelMap] = {
        "ct": Volume(hu, placement.target, synthetic=True, name="NA-Diff"),
        "noise_map": Volume(sd, placement.target, unit="HU_SD", synthetic=True),
    }
    if isinstance(mask, LabelMap):
        outputs["mask"] = mask
    return outputs, _measures(model, parameters, placement, images)


def _measures(
    model: NaDiffModel, parameters: GenerateParameters, placement: Placement, images: NDArray[np.float32]
) -> dict[str, float]:
    """Noise SD measured in the mask and the SD the dose asks for there, mean over slices, HU."""
    pixel, painted = model.config.pixel_mm, _painted(placement, model)
    measured, requested = [], []
    for row, (image, mask) in enumerate(zip(images, painted, strict=True)):
        if mask.any():
            measured.append(noise_sd_hu(image, mask))
            slice_hu = _attenuating_hu(placement, row, pixel)
            requested.append(predict_in_mask(slice_hu, mask, pixel, parameters.dose))
    return {
        "noise_sd_hu": float(np.nanmean(measured)) if measured else float("nan"),
        "requested_noise_sd_hu": float(np.nanmean(requested)) if requested else float("nan"),
    }


def _painted(placement: Placement, model: NaDiffModel) -> NDArray[np.bool_]:
    """Where organs of soft tissue are drawn: liver if there is any, else every group but lung, bone and envelope."""
    channels = model.groups.table.numpy()[placement.labels]
    liver = channels == model.groups.index("liver") + 1
    if liver.any():
        return liver
    unfit = {"body", "lung", "bone", "bowel", "stomach", "fat"} & set(model.groups.names)
    skip = [0, *(model.groups.index(name) + 1 for name in unfit)]
    soft = ~np.isin(channels, skip)
    return soft if soft.any() else channels > 0


def _provenance(
    request: Request,
    model: NaDiffModel,
    parameters: GenerateParameters,
    seed: int,
    outputs: dict[str, Volume | LabelMap],
    started: str,
    seconds: float,
) -> Provenance:
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
        system=CARD.system,
        task=CARD.task,
        parameters={**parameters.model_dump(), "seed": seed, "count": 1},
        seed=seed,
        model=request.model,
        model_digests=dict(model.info.files),
        inputs=inputs,
        versions={name: _version(name) for name in ("ctstudio", "torch", "diffusers", "numpy")}
        | {"python": platform.python_version()},
        device=_device_name(model.device),
        dtype="bf16" if model.dtype == torch.bfloat16 else "fp32",
        started=started,
        seconds=round(seconds, 3),
        outputs={name: digest(image.array) for name, image in outputs.items()},
    )


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "unknown"


def _device_name(device: torch.device) -> str:
    return f"cuda: {torch.cuda.get_device_name(device)}" if device.type == "cuda" else device.type
