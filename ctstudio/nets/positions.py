"""Positions and times as sines and cosines."""

from __future__ import annotations

import math

import torch
from torch import Tensor


def grid_positions(dim: int, side: int) -> Tensor:
    """Fixed 2D positions of a square grid of tokens.

    Args:
        dim: Embedding size, divisible by 4. The first half tells the column, the second the row.
        side: Tokens along one edge.

    Returns:
        (side * side, dim) float32.

    Source: DiT and MAE, width first.
    """
    columns = torch.arange(side, dtype=torch.float64).repeat(side)  # (T,)
    rows = torch.arange(side, dtype=torch.float64).repeat_interleave(side)  # (T,)
    return torch.cat([_waves(columns, dim // 2), _waves(rows, dim // 2)], dim=1).float()  # (T, dim)


def time_waves(timesteps: Tensor, dim: int = 256, max_period: float = 10_000.0) -> Tensor:
    """Timesteps (B,) as (B, dim) float32 waves, cosines first.

    Source: DiT (the order of the public checkpoints).
    """
    half = dim // 2
    rates = torch.exp(-math.log(max_period) * torch.arange(half, device=timesteps.device) / half)  # (dim/2,)
    angles = timesteps.float()[:, None] * rates[None]  # (B, dim/2)
    return torch.cat([angles.cos(), angles.sin()], dim=1)  # (B, dim)


def _waves(positions: Tensor, dim: int) -> Tensor:
    rates = 1.0 / 10_000.0 ** (torch.arange(dim // 2, dtype=torch.float64) / (dim / 2))
    angles = positions[:, None] * rates[None]
    return torch.cat([angles.sin(), angles.cos()], dim=1)
