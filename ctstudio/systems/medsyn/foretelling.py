"""How long a refinement step will take, by a piece of one: depth is never made coarser, so slices cost alike.

The upscaler takes nearly all the time of a chest and comes last; guessed from the base network's steps, its steps are
off by a factor of two on some machines, in one direction on those and in the other on others.
"""

from __future__ import annotations

import time
from collections.abc import Iterator

import torch

from ctstudio.catalog.medsyn_memory import Plan
from ctstudio.systems.medsyn.config import CHANNELS
from ctstudio.systems.medsyn.inference import LeanUpscaler
from ctstudio.systems.medsyn.schedule import LARGEST_TIME
from ctstudio.systems.medsyn.weights import MedsynModel

SECONDS_PER_VOXEL = 2.5e-7
"""Of reading and measuring a finished volume; half of a second at 128 voxels an edge. Measured on one core."""
_GPU_PIECES = 8
"""Pieces of a volume on a graphics card, where a slab may be the whole volume."""


@torch.no_grad()
def fine_step_seconds(model: MedsynModel, plan: Plan) -> Iterator[float]:
    """Run the upscaler on one slab, and say what a step of the whole volume would take by it.

    Args:
        model: Its upscaler is called.
        plan: Slices at a time.

    Yields:
        Seconds, once; an iterator, so that it can be left like the steps.
    """
    upscaler = LeanUpscaler(model.upscaler, model.dtype, plan.slab, plan.keep_stem)
    side, on_cuda = model.config.upscaler.side, model.device.type == "cuda"
    depth = min(plan.slab, max(1, side // _GPU_PIECES)) if on_cuda else min(plan.slab, side)
    piece = torch.zeros((1, CHANNELS, depth, side, side), device=model.device)  # (1, 4, d, side, side)
    seen = upscaler.seen(piece)
    if on_cuda:
        upscaler(piece, LARGEST_TIME, seen)  # the first call chooses kernels
        torch.cuda.synchronize(model.device)
    began = time.monotonic()
    upscaler(piece, LARGEST_TIME, seen)
    if on_cuda:
        torch.cuda.synchronize(model.device)
    yield (time.monotonic() - began) * side / depth
