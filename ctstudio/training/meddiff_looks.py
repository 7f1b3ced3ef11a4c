"""What MedDiff-FM's networks draw while they learn: the middle slice of the same few patches of held-out patients."""

from __future__ import annotations

from functools import partial

import torch

from ctstudio.catalog.meddiff_regions import REGIONS
from ctstudio.catalog.recipe_parts import RunSettings
from ctstudio.core.grid import Grid
from ctstudio.core.volume import Volume
from ctstudio.diffusion.loop import denoise
from ctstudio.diffusion.noise import generator_for
from ctstudio.diffusion.schedules import build_sampler
from ctstudio.training.looks import SEED, LossLooker
from ctstudio.training.stages.meddiff_control import MeddiffControlStage
from ctstudio.training.stages.meddiff_denoiser import MeddiffDenoiserStage

STEPS = 12
"""Sampling steps of the fixed samples: enough to see what is learned."""


def region_looker(held: MeddiffDenoiserStage | MeddiffControlStage, settings: RunSettings) -> LossLooker:
    """The looker of the denoiser, or of a ControlNet.

    Args:
        held: A stage over patients of the validation part, with the network that is trained.
        settings: How many samples, and in what precision.
    """
    count = max(1, min(settings.samples, len(held)))
    return LossLooker(held, settings, partial(_sample, held, len(held) // count), len(held))


def _sample(held: MeddiffDenoiserStage | MeddiffControlStage, apart: int, number: int) -> tuple[str, Volume]:
    """A patch of one held-out patient, drawn from noise; patients lie `apart`, so that regions differ."""
    config, patches = held.config, held.fixed(number * apart)
    edge = config.patch
    noise = torch.randn(1, 1, edge, edge, edge, generator=generator_for(SEED, "samples", number))
    sampler = build_sampler("dpm++", STEPS, config.prediction, schedule="cosine")
    *_, last = denoise(held.predict(patches), sampler, noise.to(patches.x_0.device), [])
    region = REGIONS[int(patches.region[0])]
    hu = config.window(region).from_unit(last.x_0[0, 0, edge // 2].float().cpu().numpy())
    grid = Grid.centred((1, edge, edge), (config.spacing_mm,) * 3)
    return f"{region} {number + 1}", Volume(hu[None], grid, synthetic=True)
