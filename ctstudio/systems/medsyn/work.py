"""How much work one call of a network is, for progress that is honest before anything was timed."""

from __future__ import annotations

from itertools import pairwise

from ctstudio.systems.medsyn.config import CHANNELS, UNetConfig

_SMALLER_IS_DEARER = 0.83
"""Exponent: a processor does small volumes less well. Measured: of the demo's networks one does 52 times the other's
work and takes 26 times as long."""
_SECOND_TEXT = 0.7
"""Of a call that hears two texts, the second: the way down is gone once. Measured."""
_FLAT, _DEEP = 9, 27
"""Weights of a (1, 3, 3) and of a 3 x 3 x 3 kernel."""


def coarse_cost(network: UNetConfig, texts: int) -> float:
    """Of one step of the coarse volume, in the unit of `fine_cost`; under guidance it hears two texts."""
    return multiplications(network, upscaler=False) ** _SMALLER_IS_DEARER * (1 + _SECOND_TEXT * (texts - 1))


def fine_cost(network: UNetConfig) -> float:
    """Of one step of the fine volume."""
    return multiplications(network, upscaler=True) ** _SMALLER_IS_DEARER


def multiplications(network: UNetConfig, upscaler: bool) -> float:
    """Of all convolutions in one call, which is nearly everything; attention is left out.

    Args:
        network: Sizes.
        upscaler: Whether it is the upscaler, which sees two volumes and has one group in its middle.
    """
    widths = [network.dim, *(network.dim * multiple for multiple in network.dim_mults)]
    rows = network.side // network.patch
    inside = CHANNELS * network.patch**2 * (2 if upscaler else 1)
    total = float(rows**2 * network.dim * (network.stem**3 * inside + _FLAT * 3 * network.dim))  # stem and head
    for level, (narrow, wide) in enumerate(pairwise(widths)):
        here = (rows >> level) ** 2
        below = here if level == len(widths) - 2 else here / 4
        down = _FLAT * (narrow * wide + 3 * wide**2) * here + _DEEP * 2 * wide**2 * below
        up = (_FLAT * (2 * wide * narrow + 3 * narrow**2) + _DEEP * 2 * narrow**2) * here
        total += down + up
    groups = 1 if upscaler else network.middle_groups
    middle = (rows >> (len(widths) - 2)) ** 2
    total += widths[-1] ** 2 * middle * (_FLAT * 4 + _DEEP * 2 * groups)
    return total * network.side
