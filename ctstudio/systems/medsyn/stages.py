"""The two stages of a chest: the coarse volume, which hears the text, and the fine one, which is made from it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from ctstudio.catalog.medsyn_memory import Plan
from ctstudio.diffusion.guidance import guided
from ctstudio.diffusion.loop import Denoised
from ctstudio.diffusion.noise import generator_for
from ctstudio.systems.medsyn.channels import encoded, lowered, raised
from ctstudio.systems.medsyn.config import CHANNELS
from ctstudio.systems.medsyn.inference import LeanBase, LeanUpscaler, Told
from ctstudio.systems.medsyn.placement import Placement
from ctstudio.systems.medsyn.sampling import Known, sampled
from ctstudio.systems.medsyn.weights import MedsynModel


@dataclass(frozen=True)
class Heard:
    """What the base network hears.

    Attributes:
        told: The text; under guidance no text before it.
        scale: Of guidance; 1 where there is none.
    """

    told: tuple[Told, ...]
    scale: float


def heard(model: MedsynModel, findings: str, impression: str, guidance: float) -> Heard:
    """What the base network hears of a report, the same at every step; no guidance without a text."""
    base = LeanBase(model.base, model.dtype)
    if not findings and not impression:
        return Heard((base.told(None),), 1.0)
    told = base.told(model.text.encode([(findings, impression)]))
    return Heard((told,), 1.0) if guidance == 1.0 else Heard((base.told(None), told), guidance)


def given(model: MedsynModel, placement: Placement) -> Known | None:
    """What is given, as the upscaler sees it; None when nothing is."""
    if not placement.channels:
        return None
    return Known(placement.channels, encoded(placement.chest)[None].to(model.device))  # (1, 4, N, N, N)


def coarse_steps(
    model: MedsynModel, plan: Plan, hears: Heard, known: Known | None, sampler: str, steps: int, seed: int
) -> Iterator[Denoised]:
    """Denoise the coarse volume (1, 4, n, n, n).

    Args:
        model: Its base network is called.
        plan: Slices at a time.
        hears: The text.
        known: What is given, on the fine grid.
        sampler: As in the card.
        steps: As in the card.
        seed: Of the sample.
    """
    base = LeanBase(model.base, model.dtype, plan.base_slab)

    def predict(x_t: Tensor, times: Tensor) -> Tensor:
        found = base(x_t, float(times[0]), hears.told)  # one or two of (1, 4, n, n, n)
        return guided(lambda: found[-1], lambda: found[0], hears.scale)

    if known is not None:
        known = Known(known.channels, lowered(known.values, model.config.factor, model.config.lowering))
    noise = _noise(model, model.config.base.side, seed, "coarse")
    yield from sampled(predict, sampler, steps, noise, known, model.config.few_steps)


def fine_steps(
    model: MedsynModel, plan: Plan, coarse: Tensor, known: Known | None, sampler: str, steps: int, seed: int
) -> Iterator[Denoised]:
    """Denoise the fine volume (1, 4, N, N, N).

    Args:
        model: Its upscaler is called.
        plan: Slices at a time, and whether the stem is kept.
        coarse: (1, 4, n, n, n), as the base network made it.
        known: What is given, on the fine grid.
        sampler: As in the card.
        steps: As in the card.
        seed: Of the sample.
    """
    upscaler = LeanUpscaler(model.upscaler, model.dtype, plan.slab, plan.keep_stem)
    seen = upscaler.seen(raised(coarse, model.config.factor))

    def predict(x_t: Tensor, times: Tensor) -> Tensor:
        return upscaler(x_t, float(times[0]), seen)  # (1, 4, N, N, N)

    noise = _noise(model, model.config.upscaler.side, seed, "fine")
    yield from sampled(predict, sampler, steps, noise, known, model.config.few_upscale_steps)


def _noise(model: MedsynModel, side: int, seed: int, stage: str) -> Tensor:
    """(1, 4, side, side, side), by the seed alone."""
    return torch.randn((1, CHANNELS, side, side, side), generator=generator_for(seed, stage)).to(model.device)
