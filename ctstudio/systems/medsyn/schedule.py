"""MedSyn's noise schedule: a cosine in continuous time, and the loss that trains both networks.

Source: MedSyn, section III-B; Nichol and Dhariwal 2021, eq. 17. As in the released code, the cosine is not divided by
its value at 0, and is kept within 1e-4 of 0 and 1.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

LARGEST_TIME = 1000.0
"""What a network sees of pure noise; of clean data it sees 0."""
_OFFSET = 0.008


def alpha_bar(t: Tensor) -> Tensor:
    """Part of the variance that is signal at a time 0 (clean) to 1 (noise); same shape, float32."""
    return torch.cos((t.float() + _OFFSET) / (1 + _OFFSET) * math.pi / 2).square().clamp(1e-4, 1 - 1e-4)


def signal_and_sigma(t: Tensor, like: Tensor) -> tuple[Tensor, Tensor]:
    """sqrt(alpha_bar) and sqrt(1 - alpha_bar) of each sample's time (B,), shaped (B, 1, ...) to multiply `like`."""
    part = alpha_bar(t).view(-1, *([1] * (like.ndim - 1)))
    return part.sqrt().to(like.dtype), (1 - part).sqrt().to(like.dtype)


def noised(x_0: Tensor, noise: Tensor, t: Tensor) -> Tensor:
    """x_t = sqrt(alpha_bar) x_0 + sqrt(1 - alpha_bar) noise; x_0 and noise (B, ...), t (B,) in 0..1."""
    signal, sigma = signal_and_sigma(t, x_0)
    return signal * x_0 + sigma * noise


def stratified_times(count: int, generator: torch.Generator, lateness: float = 1.0) -> Tensor:
    """(count,) times in 0..1, one from each of `count` strata of equal share: a batch covers all noise levels.

    A lateness of 1 spreads them evenly, as published; more draws them towards 1, where a text decides most.
    """
    even = (torch.rand(count, generator=generator) + torch.arange(count)) / count
    return 1 - (1 - even) ** lateness


def blurred_condition(coarse: Tensor, share: Tensor, noise: Tensor) -> Tensor:
    """The coarse volume as the upscaler sees it in training: (1 - share) coarse + share noise; share (B,) in 0..0.4."""
    share = share.view(-1, 1, 1, 1, 1)
    return (1 - share) * coarse + share * noise
