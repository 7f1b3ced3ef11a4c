"""Initial noise that depends on the seed alone: not on the device, the batch, or the other samples."""

from __future__ import annotations

import torch
from torch import Tensor

from ctstudio.core.seeds import derived

SHARED_BAND = 0.125
"""Spatial frequencies below this part of Nyquist are the same in every slice of a stack."""


def generator_for(seed: int, *purpose: str | int) -> torch.Generator:
    """A CPU generator of its own for each seed and purpose."""
    return torch.Generator("cpu").manual_seed(derived(seed, *purpose))


def noise_like(x: Tensor, generator: torch.Generator) -> Tensor:
    """Standard normal noise of the shape and type of `x`, where it lies; the same on every device."""
    return torch.randn(x.shape, generator=generator).to(x)


def stack_noise(seed: int, slices: list[int], shape: tuple[int, int, int]) -> Tensor:
    """Standard normal noise for a stack of slices that belong together.

    The coarse part is shared, so that what the mask leaves open (habitus, organs) stays alike from slice to slice;
    everything finer, and with it the CT noise, is drawn anew for each slice. Each slice alone is exactly N(0, I).

    Args:
        seed: Of the sample.
        slices: Slice numbers; a number gets the same noise in any stack.
        shape: (C, H, W) of one latent.

    Returns:
        (len(slices), C, H, W) float32 on the CPU.

    Source: ours.
    """
    shared = torch.fft.fft2(torch.randn(shape, generator=generator_for(seed, "stack")))
    rows, columns = torch.fft.fftfreq(shape[1]) * 2, torch.fft.fftfreq(shape[2]) * 2
    coarse = torch.hypot(rows[:, None], columns[None]) < SHARED_BAND  # (H, W)
    own = [torch.fft.fft2(torch.randn(shape, generator=generator_for(seed, "slice", z))) for z in slices]
    return torch.stack([torch.fft.ifft2(torch.where(coarse, shared, o)).real for o in own])
