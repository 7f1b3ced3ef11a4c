"""How a volume goes through the networks in the memory that a device has, looked at before the work begins."""

from __future__ import annotations

import torch

from ctstudio.catalog.meddiff_memory import host_bytes, told_bytes, window_bytes
from ctstudio.catalog.window_plan import WindowPlan, plan
from ctstudio.core.errors import ParameterError
from ctstudio.core.spoken import amount
from ctstudio.nets.free_memory import free_bytes
from ctstudio.systems.meddiff_fm.weights import MeddiffModel

_CPU_BATCH = 1
"""Windows at once on a processor: more are no quicker, and longer to leave."""
_KEPT_WINDOWS = 27
"""Windows whose conditions may be kept: those of 256 x 256 x 256 voxels in the paper's size. Larger volumes take no
more memory; what is not kept is computed at each step, a fifteenth of the work."""
_KEPT_SHARE = 0.3
"""Part of the free memory that they may take."""


def planned(model: MeddiffModel, shape: tuple[int, int, int], overlap: float, steered: bool) -> tuple[WindowPlan, int]:
    """The windows over a volume, and the memory for what they are told.

    Args:
        model: That is run.
        shape: Voxels (z, y, x).
        overlap: Of windows.
        steered: Whether a ControlNet steers.

    Raises:
        ParameterError: Not even one window fits into the memory, or the volume does not fit into the machine's.
    """
    config = model.config.model_dump()
    dtype = "bf16" if model.dtype == torch.bfloat16 else "fp32"
    on_cpu, free = model.device.type == "cpu", free_bytes(model.device)
    host = host_bytes(shape)
    machine = free_bytes(torch.device("cpu"))
    if host > machine:
        size = " x ".join(map(str, shape))
        raise ParameterError(
            f"A volume of {size} voxels takes about {amount(host)} of memory; {amount(machine)} are free.",
            "Give a part of it, or a model with coarser voxels.",
        )
    free = max(0, free - host) if on_cpu else free
    told = told_bytes(config, dtype, steered)
    made = plan(
        shape,
        model.config.patch,
        overlap,
        free,
        window_bytes(config, dtype, on_cpu, steered),
        **({"largest_batch": _CPU_BATCH} if on_cpu else {}),
    )
    return made, min(told * min(made.windows, _KEPT_WINDOWS), round(_KEPT_SHARE * max(0, free - made.bytes)))
