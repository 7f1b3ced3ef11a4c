"""Whether the memory of a device is enough, looked at before the work begins."""

from __future__ import annotations

import psutil
import torch

from ctstudio.catalog.medsyn_memory import working_need
from ctstudio.core.errors import ParameterError
from ctstudio.core.spoken import amount
from ctstudio.systems.medsyn.weights import MedsynModel


def check_memory(model: MedsynModel, upscale: bool) -> None:
    """Refuse what would end in the middle for want of memory, and offer what would not.

    Raises:
        ParameterError: The device has less than the networks need, besides their weights.
    """
    config = model.config.model_dump()
    dtype = "bf16" if model.dtype == torch.bfloat16 else "fp32"
    on_cpu = model.device.type == "cpu"
    needed, free = working_need(config, upscale, dtype, on_cpu), free_bytes(model.device)
    if needed <= free:
        return
    side = model.config.upscaler.side if upscale else model.config.base.side
    coarse = working_need(config, False, dtype, on_cpu)
    offer = f"Give 0 refinement steps (--upscale-steps 0): the coarse volume takes {amount(coarse)}. Or close "
    raise ParameterError(
        f"A volume of {side} x {side} x {side} voxels takes about {amount(needed)} of memory; {amount(free)} are free.",
        (offer if upscale and coarse <= free else "Close ") + "other programs, or use a machine that has more.",
    )


def free_bytes(device: torch.device) -> int:
    """Memory that could be had on a device: also what torch keeps there for itself and does not use."""
    if device.type == "cuda":
        kept = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
        return int(torch.cuda.mem_get_info(device)[0] + kept)
    return int(psutil.virtual_memory().available)
