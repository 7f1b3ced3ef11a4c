"""How much memory a chest takes, foretold from a model's sizes alone, so that it is known before the work begins.

A fine volume goes through the upscaler in slabs of slices, with the same result for any slab: larger ones are quicker
on a graphics card, smaller ones take less memory.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_BASE_MAPS, _BASE_SLAB_MAPS = 6.5, 4.0
_MAPS, _SLAB_MAPS, _STEM_MAPS = 3.3, 6.0, 1.15
"""Tensors of the first level's width that are alive at the worst moment of a forward pass: of the whole volume, of a
slab, and what the stem keeps. Measured at paper size, for slabs of 4 to 256 slices."""
_VOLUMES = 8
"""Volumes of four channels in float32 that sampler and conditions hold."""
_CPU_COPIES = 2.0
"""Convolutions on a processor hold their input and output once more, in an order of their own; measured."""
_CPU_SLAB_BYTES = 8 << 20
"""A slab of this size stays near a processor's cores: whole volumes take half as long again. Measured."""
_WEIGHTS = 330
"""Weights of a network, over dim² and the sum of the squares of its levels' multiples; measured at paper size."""
_FEWEST = 8
_BYTES = {"fp32": 4, "bf16": 2}


@dataclass(frozen=True)
class Plan:
    """How volumes go through the networks.

    Attributes:
        base_slab: Slices at a time, in the base network.
        slab: Slices at a time, in the upscaler.
        keep_stem: Whether what the upscaler's stem makes of the coarse volume is kept from step to step.
    """

    base_slab: int
    slab: int
    keep_stem: bool = True


def plans(config: Mapping[str, Any], dtype: str, on_cpu: bool) -> list[Plan]:
    """The ways to make a volume, the quickest first, the last with the least memory."""
    side = int(config["upscaler"]["side"])
    if on_cpu:
        base, slab = (_cpu_slab(config[part], dtype) for part in ("base", "upscaler"))
        return [Plan(base, slab), Plan(base, slab, False), Plan(base, min(slab, _FEWEST), False)]
    sizes = [side]
    while sizes[-1] % 2 == 0 and sizes[-1] > _FEWEST:
        sizes.append(sizes[-1] // 2)
    base = int(config["base"]["side"])
    return [Plan(base, slab) for slab in sizes] + [Plan(base, slab, False) for slab in sizes[-2:]]


def planned(config: Mapping[str, Any], upscale: bool, dtype: str, on_cpu: bool, free: int) -> Plan | None:
    """The quickest way to make a volume in so many free bytes, weights aside; None when there is none."""
    fitting = (
        plan for plan in plans(config, dtype, on_cpu) if working_need(config, upscale, dtype, on_cpu, plan) <= free
    )
    return next(fitting, None)


def needed_bytes(config: Mapping[str, Any], upscale: bool, dtype: str = "fp32", on_cpu: bool = True) -> int:
    """Least memory that a sample can be made in, weights included.

    Args:
        config: Of a MedSyn model, as `model.json` holds it.
        upscale: Whether the fine volume is made too.
        dtype: "fp32" or "bf16".
        on_cpu: Whether a processor computes.
    """
    weights = 4 * sum(_weights(config[part]) for part in ("base", "upscaler"))
    return weights + working_need(config, upscale, dtype, on_cpu)


def working_need(
    config: Mapping[str, Any], upscale: bool, dtype: str = "fp32", on_cpu: bool = True, plan: Plan | None = None
) -> int:
    """The same without the weights, by a plan; by that which needs the least where none is given."""
    plan = plan or plans(config, dtype, on_cpu)[-1]
    copies = _CPU_COPIES if on_cpu else 1.0
    base, fine = config["base"], config["upscaler"]
    slab_maps = _BASE_SLAB_MAPS * copies * min(plan.base_slab / int(base["side"]), 1.0)
    needs = [_volumes(base) + _map_bytes(base, dtype) * (_BASE_MAPS + slab_maps)]
    if upscale:
        maps = _MAPS + (_STEM_MAPS if plan.keep_stem else 0.0)
        maps += _SLAB_MAPS * copies * min(plan.slab / int(fine["side"]), 1.0)
        needs.append(_volumes(fine) + _map_bytes(fine, dtype) * maps)
    return round(max(needs))


def _map_bytes(network: Mapping[str, Any], dtype: str) -> float:
    """Bytes of a volume at the first level's width."""
    patch = int(network.get("patch", 1))
    return int(network["dim"]) * int(network["side"]) ** 3 / patch**2 * _BYTES[dtype]


def _volumes(network: Mapping[str, Any]) -> int:
    return _VOLUMES * 4 * 4 * int(network["side"]) ** 3


def _cpu_slab(network: Mapping[str, Any], dtype: str) -> int:
    side = int(network["side"])
    return min(side, max(_FEWEST, round(_CPU_SLAB_BYTES / (_map_bytes(network, dtype) / side))))


def _weights(network: Mapping[str, Any]) -> int:
    multiples = network.get("dim_mults", (1, 2, 4, 8))
    return _WEIGHTS * int(network["dim"]) ** 2 * sum(int(m) ** 2 for m in multiples)
