"""How much memory a chest takes, foretold from a model's sizes alone, so that it is known before the work begins."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_MAPS_AT_ONCE = 6.5
"""Tensors of the first level's width that are alive at the worst moment of a forward pass; measured at paper size."""
_CPU_COPIES = 2.0
"""Convolutions on a processor hold their input and output once more, in an order of their own; measured."""
_WEIGHTS = 330
"""Weights of a network, over dim² and the sum of the squares of its levels' multiples; measured at paper size."""


def needed_bytes(config: Mapping[str, Any], upscale: bool, dtype: str = "fp32", on_cpu: bool = True) -> int:
    """Most memory of a sample, weights included.

    Args:
        config: Of a MedSyn model, as `model.json` holds it.
        upscale: Whether the fine volume is made too.
        dtype: "fp32" or "bf16".
        on_cpu: Whether a processor computes.
    """
    weights = 4 * sum(_weights(config[part]) for part in ("base", "upscaler"))
    return weights + working_need(config, upscale, dtype, on_cpu)


def working_need(config: Mapping[str, Any], upscale: bool, dtype: str = "fp32", on_cpu: bool = True) -> int:
    """The same without the weights."""
    each = (4 if dtype == "fp32" else 2) * (_CPU_COPIES if on_cpu else 1.0)
    return round(max(_working(config[part], each) for part in (("base", "upscaler") if upscale else ("base",))))


def _working(network: Mapping[str, Any], bytes_each: float) -> float:
    """Bytes of one forward pass."""
    patch = int(network.get("patch", 1))
    return _MAPS_AT_ONCE * int(network["dim"]) * int(network["side"]) ** 3 / patch**2 * bytes_each


def _weights(network: Mapping[str, Any]) -> int:
    multiples = network.get("dim_mults", (1, 2, 4, 8))
    return _WEIGHTS * int(network["dim"]) ** 2 * sum(int(m) ** 2 for m in multiples)
