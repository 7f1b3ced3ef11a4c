"""The two networks as they are used: the same results in less time and memory than their plain forward.

Volumes go through as slabs (see `slabs`). What does not change from step to step is computed once: what the middle
hears of a text, and what the upscaler's stem makes of the coarse volume. Convolutions and attention compute in float32
or bfloat16; time, statistics, softmax and the output are float32 in both.
Source: ours; the networks are `network`'s.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from ctstudio.nets.memory_layout import LAST
from ctstudio.systems.medsyn.blocks import Residual, ResnetBlock, folded, unfolded
from ctstudio.systems.medsyn.network import BaseNetwork, KeysValues, Upscaler, layers
from ctstudio.systems.medsyn.slabs import Slabs, attended, convolved, drained, joined, ranges, resnet, slices

Told = tuple[KeysValues, ...]


@dataclass(frozen=True)
class Seen:
    """What the upscaler sees of a coarse volume.

    Attributes:
        coarse: (1, 4, D, H, W) on the fine grid, float32; empty when `stem` says it all.
        stem: What the stem makes of it, in slabs; None to compute it at every step, which takes less memory.
    """

    coarse: Tensor
    stem: Slabs | None


class LeanBase:
    """The base network for sampling.

    Args:
        network: In evaluation mode, not learning. Its weights are kept in `dtype` from now on.
        dtype: float32 or bfloat16.
        slab: Slices at a time; all when None.
    """

    def __init__(self, network: BaseNetwork, dtype: torch.dtype = torch.float32, slab: int | None = None) -> None:
        self.network, self._dtype = network, dtype
        self._slab = slab or network.config.side
        lay_out(network, dtype, network.final_conv)

    @torch.no_grad()
    def told(self, text: Tensor | None) -> Told:
        """What the middle hears of one text (1, T, width), the same at every step; None for no text."""
        text = self.network.null_cond_emb if text is None else text
        return self.network.told(text.to(self._dtype), 1)

    @torch.no_grad()
    def __call__(self, x_t: Tensor, t: float, told: Sequence[Told]) -> tuple[Tensor, ...]:
        """The clean volume as each of some texts would have it; the way down, which hears none, is gone once.

        Args:
            x_t: (B, 4, side, side, side) float32.
            t: 0 (clean) to 1000 (noise).
            told: One or more, each from `told`.

        Returns:
            For each of `told` (B, 4, side, side, side) float32, not clamped.
        """
        rows = [self._one(x_t[row : row + 1], t, told) for row in range(len(x_t))]
        return tuple(torch.cat(found) for found in zip(*rows, strict=True))

    def _one(self, x_t: Tensor, t: float, told: Sequence[Told]) -> list[Tensor]:
        net = self.network
        time = _time(net, t, x_t.device)  # (1, 4 dim)
        stem = _stem(net.init_conv, folded(x_t, net.config.patch), self._slab, self._dtype)  # (1, dim, D, h, w)
        x, skips = _down(net.downs, list(stem), time)  # (1, width, D, h', w')
        x = resnet(net.mid_block1, drained(x), time)  # (1, width, D, h', w')
        x = attended(_layer(net, "mid_spatial_attn1"), x)  # (1, width, D, h', w')
        found = [self._heard(list(x), [list(skip) for skip in skips], list(stem), time, one) for one in told[:-1]]
        return [*found, self._heard(x, skips, stem, time, told[-1])]

    def _heard(self, x: Slabs, skips: list[Slabs], stem: Slabs, time: Tensor, told: Told) -> Tensor:
        """The middle from where it hears the text, and the way up."""
        net = self.network
        for number, keys_values in enumerate(told, start=1):
            if number > 1:
                x = attended(_layer(net, f"mid_spatial_attn{number}"), x)  # (1, width, D, h', w')
            x = attended(_layer(net, f"mid_cross_attn{number}"), x, keys_values)  # (1, width, D, h', w')
            deep = cast(ResnetBlock, net.get_submodule(f"mid_temporal_attn{number}"))
            x = resnet(deep, drained(x), time)  # (1, width, D, h', w')
        x = resnet(net.mid_block2, drained(x), time)  # (1, width, D, h', w')
        x = _up(net.ups, x, skips, time, net.config.upsample)  # (1, dim, D, h, w)
        return _clean(net.final_conv, x, stem, net.config.patch)  # (1, 4, D, H, W)


class LeanUpscaler:
    """The upscaler for sampling.

    Args:
        network: In evaluation mode, not learning. Its weights are kept in `dtype` from now on.
        dtype: float32 or bfloat16.
        slab: Slices at a time; all when None.
        keep_stem: Keep what the stem makes of the coarse volume from step to step: less work, more memory.
    """

    def __init__(
        self,
        network: Upscaler,
        dtype: torch.dtype = torch.float32,
        slab: int | None = None,
        keep_stem: bool = True,
    ) -> None:
        self.network, self._dtype, self._keep_stem = network, dtype, keep_stem
        self._slab = slab or network.config.side
        lay_out(network, dtype, network.final_conv0)

    @torch.no_grad()
    def seen(self, coarse: Tensor) -> Seen:
        """What the network sees of one coarse volume (1, 4, D, H, W), repeated to the fine grid."""
        if not self._keep_stem:
            return Seen(coarse, None)
        half = _half(self.network.init_conv0, 0)
        stem = _stem(half, folded(coarse, self.network.config.patch), self._slab, self._dtype)
        return Seen(coarse[:0], stem)

    @torch.no_grad()
    def __call__(self, x_t: Tensor, t: float, seen: Seen) -> Tensor:
        """The clean volume.

        Args:
            x_t: (1, 4, D, H, W) float32.
            t: 0 (clean) to 1000 (noise).
            seen: From `seen`.

        Returns:
            (1, 4, D, H, W) float32, not clamped.
        """
        net = self.network
        time = _time(net, t, x_t.device)  # (1, 4 dim)
        stem = self._stem(x_t, seen)  # (1, dim, D, h, w)
        x, skips = _down(net.downs, list(stem), time)  # (1, width, D, h', w')
        x = resnet(net.mid_block1, drained(x), time)  # (1, width, D, h', w')
        x = attended(net.mid_spatial_attn, x)  # (1, width, D, h', w')
        x = resnet(net.mid_temporal_conv, drained(x), time)  # (1, width, D, h', w')
        x = resnet(net.mid_block2, drained(x), time)  # (1, width, D, h', w')
        x = _up(net.ups, x, skips, time, net.config.upsample)  # (1, dim, D, h, w)
        return _clean(net.final_conv0, x, stem, net.config.patch)  # (1, 4, D, H, W)

    def _stem(self, x_t: Tensor, seen: Seen) -> Slabs:
        conv, patch = self.network.init_conv0, self.network.config.patch
        if seen.stem is None:
            both = torch.cat([seen.coarse, x_t], dim=1)  # (1, 8, D, H, W)
            return _stem(conv, folded(both, patch), self._slab, self._dtype)
        made = _stem(_half(conv, 1), folded(x_t, patch), self._slab, self._dtype)
        return [slab.add_(same) for slab, same in zip(drained(made), seen.stem, strict=True)]


def lay_out(network: nn.Module, dtype: torch.dtype, head: nn.Sequential) -> None:
    """Keep the weights of convolutions and attention in `dtype`, their channels together; not those of time and output.

    Raises:
        ValueError: The network is learning, and would learn in `dtype` afterwards.
    """
    if any(parameter.requires_grad for parameter in network.parameters()):
        raise ValueError("a network that learns must not be laid out for sampling; give a frozen copy")
    precise = {head[1], *network.get_submodule("time_mlp").modules()}
    for module in network.modules():
        if isinstance(module, ResnetBlock) and module.mlp is not None:
            precise.update(module.mlp.modules())
    for module in network.modules():
        if module in precise or not isinstance(module, nn.Conv2d | nn.Conv3d | nn.ConvTranspose3d | nn.Linear):
            continue
        module.to(dtype)
        if module.weight.ndim == 5:
            module.weight.data = module.weight.data.contiguous(memory_format=LAST)


def _layer(network: nn.Module, name: str) -> Residual:
    return cast(Residual, network.get_submodule(name))


def _time(network: BaseNetwork | Upscaler, t: float, device: torch.device) -> Tensor:
    return network.time_mlp(torch.full((1,), t, device=device))  # type: ignore[no-any-return]


def _half(conv: nn.Conv3d, which: int) -> nn.Conv3d:
    """The part of the upscaler's stem that sees the coarse volume (0, with the bias) or x_t (1)."""
    inside = conv.in_channels // 2
    half = nn.Conv3d(inside, conv.out_channels, conv.kernel_size, padding=conv.padding, bias=which == 0, device="meta")  # type: ignore[arg-type]
    half.weight = nn.Parameter(conv.weight[:, which * inside : (which + 1) * inside], requires_grad=False)
    if which == 0:
        half.bias = conv.bias
    return half


def _stem(conv: nn.Conv3d, volume: Tensor, slab: int, dtype: torch.dtype) -> Slabs:
    """The first convolution, of a volume (1, C, D, h, w)."""
    reach = int(conv.kernel_size[0]) // 2
    made = []
    for low, high in ranges(volume.shape[2], slab):
        part = slices(volume, low, high, reach).to(dtype, memory_format=LAST)  # (1, C, d + 2 reach, h, w)
        made.append(convolved(conv, part))  # (1, dim, d, h, w)
    return made


def _down(levels: nn.ModuleList, x: Slabs, time: Tensor) -> tuple[Slabs, list[Slabs]]:
    skips = []
    for level in levels:
        first, second, deep, halve = _parts(level)
        x = resnet(second, drained(resnet(first, drained(x), time)), time)  # (1, outside, D, h, w)
        skips.append(x)
        x = resnet(deep, [halve(slab) for slab in x], time)  # (1, outside, D, h/2, w/2)
    return x, skips


def _up(levels: nn.ModuleList, x: Slabs, skips: list[Slabs], time: Tensor, order: str) -> Slabs:
    for level in levels:
        first, second, deep, double = _parts(level)
        x = resnet(first, joined(x, skips.pop()), time)  # (1, inside, D, h, w)
        if order == "early":
            x = [double(slab) for slab in drained(x)]  # (1, inside, D, 2h, 2w)
        x = resnet(deep, drained(resnet(second, drained(x), time)), time)  # (1, inside, D, h, w)
        if order != "early":
            x = [double(slab) for slab in drained(x)]  # (1, inside, D, 2h, 2w)
    return x


def _parts(level: nn.Module) -> tuple[ResnetBlock, ResnetBlock, ResnetBlock, nn.Module]:
    """Two blocks, the 3D block, and what changes the resolution."""
    first, second, *_, deep, resize = layers(level)
    return cast(ResnetBlock, first), cast(ResnetBlock, second), cast(ResnetBlock, deep), resize


def _clean(head: nn.Sequential, x: Slabs, stem: Slabs, patch: int) -> Tensor:
    """The last block, and its output in float32."""
    block, out = cast(ResnetBlock, head[0]), cast(nn.Conv3d, head[1])
    found = []
    for slab in drained(resnet(block, joined(x, stem), None)):
        rows = slab.permute(0, 2, 3, 4, 1).float()  # (1, d, h, w, dim)
        rows = functional.linear(rows, out.weight.flatten(1), out.bias)  # (1, d, h, w, 4 p p)
        found.append(unfolded(rows.permute(0, 4, 1, 2, 3), patch).contiguous())  # (1, 4, d, H, W)
    return found[0] if len(found) == 1 else torch.cat(found, dim=2)  # (1, 4, D, H, W)
