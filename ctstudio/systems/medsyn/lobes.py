"""Lobes out of their channel, where one number lies between any two of their edges.

A lobe is a number (0 to 5) in a single channel, so at the rim of lobe 3 the network's volume goes through 2 and 1: read
by rounding, every lung has a thin skin of other lobes. Here each voxel takes the number of the lobes' inside near it.
Source: ours; the released code rounds.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from ctstudio.systems.medsyn.channels import LOBE_COUNT

_REACH = 3
"""Voxels from a rim to the inside of its lobe."""


def lobe_numbers(channel: Tensor) -> Tensor:
    """Numbers 0 to 5 of a lobe channel.

    A voxel is inside a lobe for certain when all its neighbours round to the same number. Any other belongs to the lobe
    whose inside is most around it, if its value is more than half of that lobe's number, and to none far from any.

    Args:
        channel: (D, H, W) in [-1, 1].

    Returns:
        (D, H, W) uint8.
    """
    value = ((channel.float().clamp(-1, 1) + 1) * (LOBE_COUNT / 2))[None, None]  # (1, 1, D, H, W)
    nearest = value.round()  # (1, 1, D, H, W)
    certain = functional.max_pool3d(nearest, 3, 1, 1) == -functional.max_pool3d(-nearest, 3, 1, 1)  # (1, 1, D, H, W)
    most, near = torch.zeros_like(value), torch.zeros_like(value)  # 2 x (1, 1, D, H, W)
    for number in range(1, LOBE_COUNT + 1):
        share = _around((certain & (nearest == number)).float())  # (1, 1, D, H, W)
        near = torch.where(share > most, float(number), near)  # (1, 1, D, H, W)
        most = torch.maximum(share, most)  # (1, 1, D, H, W)
    rim = torch.where((near > 0) & (value > near / 2), near, 0.0)  # (1, 1, D, H, W)
    return torch.where(certain, nearest, rim)[0, 0].to(torch.uint8)  # (D, H, W)


def _around(inside: Tensor) -> Tensor:
    """How much of the surroundings lies inside: means along one axis after the other."""
    for axis in range(3):
        size = [1, 1, 1]
        size[axis] = 2 * _REACH + 1
        inside = functional.avg_pool3d(inside, size, 1, [n // 2 for n in size])  # (1, 1, D, H, W)
    return inside
