"""Layers of a U-Net on a volume that lies in memory as slabs of slices, with the result that the whole would have.

Depth is never made coarser, so every layer maps a slab onto a slab. What a layer needs of its neighbours it gets: one
slice on each side for kernels of three, and the statistics of all slabs before a normalisation is applied. A slab is
given up as soon as it was used, so a block needs little more memory than what goes in.

A slab is a tensor (1, C, d, H, W) whose channels lie together in memory (channels last).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn
from torch.nn import functional

from ctstudio.systems.medsyn.blocks import Block, Residual, ResnetBlock

Slabs = list[Tensor]
"""A volume: its slabs from the feet up."""


@dataclass
class Moments:
    """Mean and variance of each channel over all slabs so far, gathered slab by slab in float32."""

    counts: list[int] = field(default_factory=list)
    means: list[Tensor] = field(default_factory=list)
    variances: list[Tensor] = field(default_factory=list)

    def add(self, slab: Tensor) -> None:
        """One more slab (1, C, d, H, W)."""
        rows = slab.flatten(2, 3)  # (1, C, d H, W)
        running = torch.zeros(2, slab.shape[1], device=slab.device)  # wanted by the call, not used
        mean, variance = torch.batch_norm_update_stats(rows, running[0], running[1], 0.0)  # 2 x (C,) float32
        self.counts.append(rows[0, 0].numel())
        self.means.append(mean)
        self.variances.append(variance)

    def of_groups(self, groups: int) -> tuple[Tensor, Tensor]:
        """Mean and variance of each group of channels, (C,) float64 each, every channel with those of its group."""
        weights = torch.tensor(self.counts, device=self.means[0].device, dtype=torch.float64)
        weights = (weights / weights.sum())[:, None, None]  # (S, 1, 1)
        means = torch.stack(self.means).double().unflatten(1, (groups, -1))  # (S, G, C/G)
        variances = torch.stack(self.variances).double().unflatten(1, (groups, -1))  # (S, G, C/G)
        mean = (weights * means).sum(0).mean(1)  # (G,)
        spread = variances + (means - mean[:, None]).square()  # (S, G, C/G)
        each = means.shape[2]
        return mean.repeat_interleave(each), (weights * spread).sum(0).mean(1).repeat_interleave(each)


@dataclass(frozen=True)
class Activation:
    """Group normalisation, scale, shift and SiLU as one multiplication and addition a channel, then SiLU."""

    gain: Tensor
    offset: Tensor

    def __call__(self, slab: Tensor) -> Tensor:
        """(1, C, d, H, W) to the same, a new tensor."""
        still = torch.zeros_like(self.gain), torch.ones_like(self.gain)
        rows = functional.batch_norm(slab.flatten(2, 3), *still, self.gain, self.offset, False, 0.0, 0.0)
        return functional.silu(rows, inplace=True).unflatten(2, slab.shape[2:4])


def activation(norm: nn.GroupNorm, moments: Moments, scale_shift: Tensor | None) -> Activation:
    """What a block does after its convolution; `scale_shift` is (2 C,) or None."""
    mean, variance = moments.of_groups(norm.num_groups)  # 2 x (C,)
    gain = norm.weight * torch.rsqrt(variance + norm.eps)  # (C,)
    offset = norm.bias - mean * gain  # (C,)
    if scale_shift is not None:
        scale, shift = scale_shift.double().chunk(2)  # 2 x (C,)
        gain, offset = gain * (1 + scale), offset * (1 + scale) + shift  # 2 x (C,)
    return Activation(gain.float(), offset.float())


def resnet(block: ResnetBlock, slabs: Iterable[Tensor], time: Tensor | None) -> Slabs:
    """A `ResnetBlock` on slabs, which are used up when they come from `drained`; `time` is (1, time_dim)."""
    told = None if block.mlp is None or time is None else block.mlp(time)[0]  # (2 outside,)
    whole = isinstance(block.res_conv, nn.Identity)
    made: Slabs = []
    rest: Slabs = []
    moments = Moments()
    for slab, padded in _with_neighbours(slabs, _reach(block.block1)):
        made.append(_convolved(block.block1, padded, moments))
        rest.append(slab if whole else block.res_conv(slab))  # (1, outside, d, H, W)
    first = activation(block.block1.norm, moments, told)
    slabs, made, moments = made, [], Moments()
    for _, padded in _with_neighbours((first(slab) for slab in drained(slabs)), _reach(block.block2)):
        made.append(_convolved(block.block2, padded, moments))
    second = activation(block.block2.norm, moments, None)
    return [second(slab).add_(way_round) for slab, way_round in zip(drained(made), drained(rest), strict=True)]


def attended(layer: Residual, slabs: Slabs, *told: object) -> Slabs:
    """Attention within slices, its input normalised in float32."""
    normed = layer.fn
    gamma = normed.norm.gamma.flatten()  # type: ignore[union-attr, operator]
    found = []
    for slab in drained(slabs):
        rows = slab.permute(0, 2, 3, 4, 1).float()  # (1, d, H, W, C)
        seen = functional.layer_norm(rows, gamma.shape, gamma, None, 1e-5).to(slab.dtype).permute(0, 4, 1, 2, 3)
        found.append(slab + normed.fn(seen, *told))  # type: ignore[operator]
    return found


def joined(below: Slabs, skip: Slabs) -> Iterator[Tensor]:
    """The channels of two volumes together; uses both up."""
    for pair in zip(drained(below), drained(skip), strict=True):
        yield _together(pair, dim=1)  # (1, C + C', d, H, W)


def drained(slabs: Slabs) -> Iterator[Tensor]:
    """The slabs, each of them forgotten once it was used."""
    slabs.reverse()
    while slabs:
        yield slabs.pop()


def ranges(depth: int, slab: int) -> list[tuple[int, int]]:
    """First slice and end of each slab."""
    return [(low, min(low + slab, depth)) for low in range(0, depth, slab)]


def slices(volume: Tensor, low: int, high: int, reach: int) -> Tensor:
    """Slices of a volume (1, C, D, H, W) with `reach` more on each side, zeros where there are none."""
    depth = volume.shape[2]
    part = volume[:, :, max(low - reach, 0) : min(high + reach, depth)]
    missing = max(reach - low, 0), max(high + reach - depth, 0)
    return functional.pad(part, (0, 0, 0, 0, *missing)) if any(missing) else part


def convolved(conv: nn.Conv3d, padded: Tensor) -> Tensor:
    """A convolution of a slab that has the slices of its neighbours already."""
    return functional.conv3d(padded, conv.weight, conv.bias, padding=(0, *conv.padding[1:]))  # type: ignore[misc]


def _convolved(block: Block, padded: Tensor, moments: Moments) -> Tensor:
    made = convolved(block.proj, padded)  # (1, outside, d, H, W)
    moments.add(made)
    return made


def _reach(block: Block) -> int:
    return int(block.proj.kernel_size[0]) // 2


def _with_neighbours(slabs: Iterable[Tensor], reach: int) -> Iterator[tuple[Tensor, Tensor]]:
    """Each slab, and the same with `reach` (0 or 1) slices of its neighbours, zeros at the ends."""
    if reach == 0:
        for slab in slabs:
            yield slab, slab
        return
    coming = iter(slabs)
    here: Tensor | None = next(coming)
    below = None
    while here is not None:
        after = next(coming, None)
        ends = torch.zeros_like(here[:, :, :1])
        parts = (ends if below is None else below, here, ends if after is None else after[:, :, :1])
        yield here, _together(parts, dim=2)  # (1, C, d + 2, H, W)
        below, here = here[:, :, -1:], after


def _together(parts: tuple[Tensor, ...], dim: int) -> Tensor:
    """Slabs along channels (1) or depth (2), channels last again, which torch's `cat` forgets in five dimensions."""
    rows = [part.permute(0, 2, 3, 4, 1) for part in parts]  # (1, d, H, W, C) each
    return torch.cat(rows, dim={1: 4, 2: 1}[dim]).permute(0, 4, 1, 2, 3)
