"""MedSyn's two networks: the base network, which hears the text, and the upscaler, which sees the coarse volume.

Source: MedSyn, section III-B. Both predict x_0. Keys and shapes are those of the released weights.
Differs: the paper's figure shows attention along depth in the middle groups; the released networks have none.
"""

from __future__ import annotations

from itertools import pairwise
from typing import cast

import torch
from torch import Tensor, nn

from ctstudio.systems.medsyn.blocks import (
    Attention,
    CrossAttention,
    Normed,
    PerSlice,
    Residual,
    ResnetBlock,
    TimeEmbedding,
    downsample,
    folded,
    unfolded,
    upsample,
)
from ctstudio.systems.medsyn.config import CHANNELS, TextConfig, UNetConfig

KeysValues = tuple[Tensor, Tensor]


class BaseNetwork(nn.Module):
    """Noisy coarse volume and text to the clean coarse volume."""

    def __init__(self, config: UNetConfig, text: TextConfig) -> None:
        super().__init__()
        self.config, time_dim = config, 4 * config.dim
        self.null_cond_emb = nn.Parameter(torch.randn(1, text.tokens, text.width))
        self.init_conv = _stem(config, CHANNELS)
        self.time_mlp = _time_mlp(config.dim)
        self.downs, self.ups = _down_levels(config, time_dim, ()), _up_levels(config, time_dim, ())
        width = config.dim * config.dim_mults[-1]
        self.mid_block1 = ResnetBlock(width, width, time_dim)
        shared = PerSlice(Attention(width, config.heads))
        self._groups = range(1, config.middle_groups + 1)
        for number in self._groups:
            self.add_module(f"mid_spatial_attn{number}", Residual(Normed(width, shared)))
            heard = CrossAttention(width, text.width, config.heads)
            self.add_module(f"mid_cross_attn{number}", Residual(Normed(width, heard)))
            self.add_module(f"mid_temporal_attn{number}", ResnetBlock(width, width, time_dim, flat=False))
        self.mid_block2 = ResnetBlock(width, width, time_dim)
        self.final_conv = _head(config)

    def told(self, text: Tensor | None, batch: int) -> tuple[KeysValues, ...]:
        """What the middle hears of a text (B, T, width), the same at every step; None for no text."""
        if text is None:
            text = self.null_cond_emb.expand(batch, -1, -1)  # (B, T, width)
        layers = (self.get_submodule(f"mid_cross_attn{number}.fn.fn") for number in self._groups)
        return tuple(layer.keys_values(text) for layer in layers)  # type: ignore[operator]

    def forward(self, x_t: Tensor, t: Tensor, told: tuple[KeysValues, ...]) -> Tensor:
        """The clean volume.

        Args:
            x_t: (B, 4, side, side, side).
            t: (B,) float, 0 (clean) to 1000 (noise).
            told: From `told`.

        Returns:
            (B, 4, side, side, side), not clamped.
        """
        stem = self.init_conv(folded(x_t, self.config.patch))  # (B, dim, D, h, w)
        time = self.time_mlp(t)  # (B, 4 dim)
        x, skips = _down(self.downs, stem, time)  # (B, width, D, h, w)
        x = self.mid_block1(x, time)  # (B, width, D, h, w)
        for number, keys_values in zip(self._groups, told, strict=True):
            x = self.get_submodule(f"mid_spatial_attn{number}")(x)  # (B, width, D, h, w)
            x = self.get_submodule(f"mid_cross_attn{number}")(x, keys_values)  # (B, width, D, h, w)
            x = self.get_submodule(f"mid_temporal_attn{number}")(x, time)  # (B, width, D, h, w)
        x = self.mid_block2(x, time)  # (B, width, D, h, w)
        x = _up(self.ups, x, skips, time, self.config.upsample)  # (B, dim, D, H, W)
        return _clean(self.final_conv, x, stem, self.config.patch)  # (B, 4, D, H, W)


class Upscaler(nn.Module):
    """Noisy fine volume and coarse volume to the clean fine volume."""

    def __init__(self, config: UNetConfig) -> None:
        super().__init__()
        self.config, time_dim = config, 4 * config.dim
        self.init_conv0 = _stem(config, 2 * CHANNELS)
        self.time_mlp = _time_mlp(config.dim)
        idle = (nn.Identity(), nn.Identity())  # places of attention that is switched off; they number the keys
        self.downs, self.ups = _down_levels(config, time_dim, idle), _up_levels(config, time_dim, idle)
        width = config.dim * config.dim_mults[-1]
        self.mid_block1 = ResnetBlock(width, width, time_dim)
        self.mid_spatial_attn = Residual(Normed(width, PerSlice(Attention(width, config.heads))))
        self.mid_temporal_conv = ResnetBlock(width, width, time_dim, flat=False)
        self.mid_block2 = ResnetBlock(width, width, time_dim)
        self.final_conv0 = _head(config)

    def forward(self, x_t: Tensor, t: Tensor, coarse: Tensor) -> Tensor:
        """The clean volume.

        Args:
            x_t: (B, 4, D, H, W); in training a part of the volume.
            t: (B,) float, 0 (clean) to 1000 (noise).
            coarse: (B, 4, D, H, W), the coarse volume repeated to the fine grid.

        Returns:
            (B, 4, D, H, W), not clamped.
        """
        both = torch.cat([coarse, x_t], dim=1)  # (B, 8, D, H, W)
        stem = self.init_conv0(folded(both, self.config.patch))  # (B, dim, D, h, w)
        time = self.time_mlp(t)  # (B, 4 dim)
        x, skips = _down(self.downs, stem, time)  # (B, width, D, h, w)
        x = self.mid_block1(x, time)  # (B, width, D, h, w)
        x = self.mid_spatial_attn(x)  # (B, width, D, h, w)
        x = self.mid_temporal_conv(x, time)  # (B, width, D, h, w)
        x = self.mid_block2(x, time)  # (B, width, D, h, w)
        x = _up(self.ups, x, skips, time, self.config.upsample)  # (B, dim, D, H, W)
        return _clean(self.final_conv0, x, stem, self.config.patch)  # (B, 4, D, H, W)


def _stem(config: UNetConfig, channels: int) -> nn.Conv3d:
    return nn.Conv3d(channels * config.patch**2, config.dim, config.stem, padding=config.stem // 2)


def _time_mlp(dim: int) -> nn.Sequential:
    return nn.Sequential(TimeEmbedding(dim), nn.Linear(dim, 4 * dim), nn.GELU(), nn.Linear(4 * dim, 4 * dim))


def _head(config: UNetConfig) -> nn.Sequential:
    out = nn.Conv3d(config.dim, CHANNELS * config.patch**2, 1)
    return nn.Sequential(ResnetBlock(2 * config.dim, config.dim, None), out)


def _widths(config: UNetConfig) -> list[tuple[int, int]]:
    """Channels in and out of each level."""
    return list(pairwise([config.dim, *(config.dim * mult for mult in config.dim_mults)]))


def _down_levels(config: UNetConfig, time_dim: int, idle: tuple[nn.Module, ...]) -> nn.ModuleList:
    levels, widths = nn.ModuleList(), _widths(config)
    for inside, outside in widths:
        blocks = (ResnetBlock(inside, outside, time_dim), ResnetBlock(outside, outside, time_dim))
        deep = ResnetBlock(outside, outside, time_dim, flat=False)
        last = len(levels) == len(widths) - 1
        levels.append(nn.ModuleList([*blocks, *idle, deep, nn.Identity() if last else downsample(outside)]))
    return levels


def _up_levels(config: UNetConfig, time_dim: int, idle: tuple[nn.Module, ...]) -> nn.ModuleList:
    levels, widths = nn.ModuleList(), _widths(config)
    for inside, outside in reversed(widths):
        blocks = (ResnetBlock(2 * outside, inside, time_dim), ResnetBlock(inside, inside, time_dim))
        deep = ResnetBlock(inside, inside, time_dim, flat=False)
        last = len(levels) == len(widths) - 1
        levels.append(nn.ModuleList([*blocks, *idle, deep, nn.Identity() if last else upsample(inside)]))
    return levels


def _down(levels: nn.ModuleList, x: Tensor, time: Tensor) -> tuple[Tensor, list[Tensor]]:
    skips = []
    for level in levels:
        first, second, *_, deep, halve = layers(level)
        x = second(first(x, time), time)  # (B, outside, D, h, w)
        skips.append(x)
        x = deep(halve(x), time)  # (B, outside, D, h/2, w/2)
    return x, skips


def _up(levels: nn.ModuleList, x: Tensor, skips: list[Tensor], time: Tensor, order: str) -> Tensor:
    for level in levels:
        first, second, *_, deep, double = layers(level)
        x = first(torch.cat([x, skips.pop()], dim=1), time)  # (B, inside, D, h, w)
        if order == "early":
            x = deep(second(double(x), time), time)  # (B, inside, D, 2h, 2w)
        else:
            x = double(deep(second(x, time), time))  # (B, inside, D, 2h, 2w)
    return x


def layers(level: nn.Module) -> list[nn.Module]:
    """The layers of a level: two blocks, places of attention if any, a 3D block, and what changes the resolution."""
    return list(cast(nn.ModuleList, level))


def _clean(head: nn.Sequential, x: Tensor, stem: Tensor, patch: int) -> Tensor:
    block, out = head
    return unfolded(out(block(torch.cat([x, stem], dim=1), None)), patch)  # (B, 4, D, H, W)
