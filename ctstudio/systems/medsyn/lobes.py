"""Lobes out of their channel, where one number lies between any two of their edges.

A lobe is a number (0 to 5) in a single channel, so at the rim of lobe 3 the network's volume goes through 2 and 1: read
by rounding, every lung has a thin skin of other lobes. Here each voxel takes the number of the lobes' inside near it.
Source: ours; the released code rounds.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce

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
    value = (channel.float().clamp(-1, 1) + 1) * (LOBE_COUNT / 2)  # (D, H, W)
    nearest = value.round().to(torch.uint8)  # (D, H, W)
    certain = _of_windows(torch.maximum, nearest, 1, 0) == _of_windows(torch.minimum, nearest, 1, 255)  # (D, H, W)
    most, near = torch.zeros_like(nearest, dtype=torch.int16), torch.zeros_like(nearest)  # 2 x (D, H, W)
    for number in range(1, LOBE_COUNT + 1):
        inside = certain & (nearest == number)  # (D, H, W)
        share = _of_windows(torch.add, inside.to(torch.int16), _REACH, 0)  # (D, H, W)
        near.masked_fill_(share > most, number)
        most = torch.maximum(share, most)  # (D, H, W)
    rim = torch.where(value * 2 > near, near, 0)  # (D, H, W)
    return torch.where(certain, nearest, rim)  # (D, H, W)


def _of_windows(of_two: Callable[[Tensor, Tensor], Tensor], volume: Tensor, reach: int, outside: int) -> Tensor:
    """For each voxel, largest, smallest or sum of a cube around it, whole numbers along one axis after the other.

    Many times as fast as torch's pooling in three dimensions, and no rounding decides between two lobes.
    """
    for axis in range(3):
        size = volume.shape[axis]
        margins = [0] * 6
        margins[4 - 2 * axis] = margins[5 - 2 * axis] = reach
        padded = functional.pad(volume, margins, value=outside)
        volume = reduce(of_two, [padded.narrow(axis, start, size) for start in range(2 * reach + 1)])  # (D, H, W)
    return volume
