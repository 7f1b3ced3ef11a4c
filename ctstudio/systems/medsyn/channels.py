"""A chest as the networks see it: four channels in [-1, 1], the y axis turned.

The networks' axes are z up, y to the front, x to the patient's left; ours is y to the back. Only here that is known.
Source: the released code's data (CT -1024 to 600 HU; lobes 2k/5 - 1; airway and vessels 0 outside, 1 inside).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from ctstudio.systems.medsyn.config import CHANNELS

CT, LOBES, AIRWAY, VESSELS = range(CHANNELS)
LOWEST_HU, HIGHEST_HU = -1024.0, 600.0
LOBE_COUNT = 5
INSIDE = 0.5
"""Above it a voxel belongs to airway or vessels."""


@dataclass(frozen=True)
class Chest:
    """A chest on a grid, arrays (z, y, x) in the program's orientation.

    Attributes:
        hu: int16 or float HU.
        lobes: uint8: 0 none, 1 left upper, 2 left lower, 3 right upper, 4 right middle, 5 right lower.
        airway, vessels: bool.
    """

    hu: NDArray[np.generic]
    lobes: NDArray[np.uint8]
    airway: NDArray[np.bool_]
    vessels: NDArray[np.bool_]


def encoded(chest: Chest) -> Tensor:
    """(4, z, y, x) float32 in [-1, 1], as a network sees it."""
    made = np.stack([encoded_hu(chest.hu), encoded_lobes(chest.lobes), chest.airway, chest.vessels])
    return torch.from_numpy(turned(made.astype(np.float32)))


def decoded(volume: Tensor) -> Chest:
    """The chest that a network's volume (4, z, y, x) shows; HU rounded to int16."""
    channels = turned(volume.detach().float().cpu().numpy())
    unit = (channels[CT].clip(-1, 1) + 1) / 2
    return Chest(
        np.rint(unit * (HIGHEST_HU - LOWEST_HU) + LOWEST_HU).astype(np.int16),
        np.rint((channels[LOBES].clip(-1, 1) + 1) / 2 * LOBE_COUNT).astype(np.uint8),
        channels[AIRWAY] > INSIDE,
        channels[VESSELS] > INSIDE,
    )


def encoded_hu(hu: NDArray[np.generic]) -> NDArray[np.float32]:
    """HU to [-1, 1]; what lies outside -1024 to 600 HU is cut."""
    cut = np.clip(hu.astype(np.float32), LOWEST_HU, HIGHEST_HU)
    return np.asarray((cut - LOWEST_HU) / (HIGHEST_HU - LOWEST_HU) * 2 - 1, np.float32)


def encoded_lobes(lobes: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Lobe numbers 0 to 5 to -1 to 1."""
    return np.asarray(lobes.astype(np.float32) * (2 / LOBE_COUNT) - 1, np.float32)


def turned(volume: NDArray[np.float32]) -> NDArray[np.float32]:
    """(..., z, y, x) between the program's orientation and the networks', either way."""
    return np.ascontiguousarray(np.flip(volume, axis=-2))


def lowered(fine: Tensor, factor: int, lowering: str) -> Tensor:
    """A fine volume (B, 4, D, H, W) as a coarse one, each edge `factor` times shorter.

    "nearest" takes the first voxel of each block, as published. "mean" takes means of CT, airway and vessels, and the
    lobe that most voxels of a block belong to.
    """
    if lowering == "nearest":
        return fine[:, :, ::factor, ::factor, ::factor]
    means = functional.avg_pool3d(fine, factor)  # (B, 4, D/f, H/f, W/f)
    number = ((fine[:, LOBES] + 1) * (LOBE_COUNT / 2)).round().long()  # (B, D, H, W)
    shares = torch.stack(
        [functional.avg_pool3d((number == k).float()[:, None], factor)[:, 0] for k in range(LOBE_COUNT + 1)]
    )  # (6, B, D/f, H/f, W/f)
    means[:, LOBES] = shares.argmax(dim=0).float() * (2 / LOBE_COUNT) - 1
    return means


def raised(coarse: Tensor, factor: int) -> Tensor:
    """A coarse volume (B, 4, d, h, w) repeated to the fine grid."""
    return functional.interpolate(coarse, scale_factor=factor, mode="nearest")
