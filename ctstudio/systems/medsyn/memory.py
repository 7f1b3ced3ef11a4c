"""How a volume is made in the memory that a device has, looked at before the work begins."""

from __future__ import annotations

import torch

from ctstudio.catalog import medsyn_memory
from ctstudio.catalog.medsyn_memory import Plan, working_need
from ctstudio.core.errors import ParameterError
from ctstudio.core.spoken import amount
from ctstudio.nets.free_memory import free_bytes
from ctstudio.systems.medsyn.weights import MedsynModel


def planned(model: MedsynModel, upscale: bool) -> Plan:
    """The quickest way that fits; what would end in the middle for want of memory is refused, and less is offered.

    Raises:
        ParameterError: The device has less than the networks need at least, besides their weights.
    """
    config = model.config.model_dump()
    dtype = "bf16" if model.dtype == torch.bfloat16 else "fp32"
    on_cpu, free = model.device.type == "cpu", free_bytes(model.device)
    plan = medsyn_memory.planned(config, upscale, dtype, on_cpu, free)
    if plan is not None:
        return plan
    needed = working_need(config, upscale, dtype, on_cpu)
    side = model.config.upscaler.side if upscale else model.config.base.side
    raise ParameterError(
        f"A volume of {side} x {side} x {side} voxels takes about {amount(needed)} of memory; {amount(free)} are free.",
        _offer(model, upscale, dtype, free),
    )


def _offer(model: MedsynModel, upscale: bool, dtype: str, free: int) -> str:
    """What would fit, in words."""
    config, on_cpu = model.config.model_dump(), model.device.type == "cpu"
    rest = "lose other programs, or use a machine that has more."
    if dtype == "fp32" and working_need(config, upscale, "bf16", on_cpu) <= free:
        return f"Give --dtype bf16: it takes {amount(working_need(config, upscale, 'bf16', on_cpu))}. Or c{rest}"
    coarse = working_need(config, False, dtype, on_cpu)
    if upscale and coarse <= free:
        return f"Give 0 refinement steps (--upscale-steps 0): the coarse volume takes {amount(coarse)}. Or c{rest}"
    return f"C{rest}"
