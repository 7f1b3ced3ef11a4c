"""One step towards less noise, from an estimate of x_0."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from ctstudio.diffusion.noise import noise_like


def stepped_down(
    x_t: Tensor, x_0: Tensor, bar: float, bar_after: float, fresh: float, generator: torch.Generator
) -> Tensor:
    """X of a lower noise level.

    Args:
        x_t: (B, ...) now.
        x_0: (B, ...) its estimate.
        bar: Alpha-bar now.
        bar_after: Alpha-bar afterwards, larger.
        fresh: Part of the variance of the remaining noise that is drawn anew, 0 to 1: 0 is DDIM's step.
        generator: Draws it.

    Source: Song et al. 2021 (DDIM), eq. 12, the spread as a part of the noise that is left.
    """
    noise = (x_t - math.sqrt(bar) * x_0) / math.sqrt(1 - bar)
    if fresh > 0:
        noise = math.sqrt(1 - fresh) * noise + math.sqrt(fresh) * noise_like(x_t, generator)
    return math.sqrt(bar_after) * x_0 + math.sqrt(1 - bar_after) * noise
