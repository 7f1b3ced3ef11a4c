"""The memory that MedDiff-FM takes, foretold from a model's sizes alone, so that it is known before the work begins."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_FIRST, _SECOND, _STEERED = 6.0, 4.0, 3.0
"""Tensors as wide as the first level and as the second that are alive at the worst moment, where the way up comes back
to the first; and as wide as the first that a control network adds. Measured on six sizes, within a tenth."""
_CPU_COPIES = 1.4
"""Convolutions on a processor hold more, in an order of their own; measured."""
_VOLUMES = 8
"""Volumes in float32 that a sampler, the sums of windows and their preview hold on the host."""
_TOLD = 2.5
"""Tensors as wide as all that a window is told, in float32, while it is put together; measured."""
_BYTES = {"fp32": 4, "bf16": 2}


def window_bytes(config: Mapping[str, Any], dtype: str = "fp32", on_cpu: bool = True, steered: bool = False) -> int:
    """Memory of one window on its way through the network, weights aside.

    Args:
        config: Of a MedDiff-FM model, as `model.json` holds it.
        dtype: "fp32" or "bf16".
        on_cpu: Whether a processor computes.
        steered: Whether a control network steers.
    """
    cells = _cells(config)
    told = 6 * int(config["frequencies"]) + int(config.get("fold", 1)) ** 3 * int(config["anatomy_width"])
    first, second = (int(width) for width in config["channels"][:2])
    maps = (_FIRST + (_STEERED if steered else 0.0)) * first + _SECOND * second
    passed = maps * _BYTES[dtype] * (_CPU_COPIES if on_cpu else 1.0)
    return round(cells * max(passed, _TOLD * told * _BYTES["fp32"]))


def told_bytes(config: Mapping[str, Any], dtype: str = "fp32", steered: bool = False) -> int:
    """What may be kept from step to step of what a window is told."""
    return int(config["channels"][0]) * _cells(config) * _BYTES[dtype] * (2 if steered else 1)


def host_bytes(shape: tuple[int, int, int]) -> int:
    """Memory of the machine that a volume of (z, y, x) voxels takes while it is worked on."""
    return _VOLUMES * 4 * shape[0] * shape[1] * shape[2]


def _cells(config: Mapping[str, Any]) -> int:
    """Voxels of a window where the network begins."""
    return (int(config["patch"]) // int(config.get("fold", 1))) ** 3
