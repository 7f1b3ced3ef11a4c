"""The parts of MedSyn's U-Nets. Tensors are (B, C, D, H, W): depth is z, from the feet to the head.

Module names follow the keys of the released weights, which speak of temporal layers where there is depth.
Source: MedSyn, section III-B; the released state dicts.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

HEAD_CHANNELS = 32
NORM_GROUPS = 8
FIRST_SHARPNESS = 1.5
"""SD of queries and keys of a text before anything is learned."""


class TimeEmbedding(nn.Module):
    """Sines and cosines of the time, (B,) in 0..1000 to (B, dim)."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self._half = dim // 2

    def forward(self, t: Tensor) -> Tensor:
        """(B, dim): sines first."""
        steps = torch.arange(self._half, device=t.device, dtype=torch.float32)  # (dim/2,)
        phases = t.float()[:, None] * torch.exp(-math.log(10_000) / (self._half - 1) * steps)  # (B, dim/2)
        return torch.cat([phases.sin(), phases.cos()], dim=-1)  # (B, dim)


class Block(nn.Module):
    """Convolution, group normalisation, scale and shift, SiLU."""

    def __init__(self, inside: int, outside: int, kernel: tuple[int, int, int]) -> None:
        super().__init__()
        self.proj = nn.Conv3d(inside, outside, kernel, padding=(kernel[0] // 2, kernel[1] // 2, kernel[2] // 2))
        self.norm = nn.GroupNorm(NORM_GROUPS, outside)

    def forward(self, x: Tensor, scale_shift: tuple[Tensor, Tensor] | None = None) -> Tensor:
        """(B, inside, D, H, W) to (B, outside, D, H, W)."""
        x = self.norm(self.proj(x))  # (B, outside, D, H, W)
        if scale_shift is not None:
            scale, shift = scale_shift
            x = torch.addcmul(shift, x, scale + 1)  # (B, outside, D, H, W)
        return functional.silu(x, inplace=not x.requires_grad)  # (B, outside, D, H, W)


class ResnetBlock(nn.Module):
    """Two blocks and a way round them; the first hears the time. `flat` kernels are (1, 3, 3), others 3 x 3 x 3."""

    def __init__(self, inside: int, outside: int, time_dim: int | None, flat: bool = True) -> None:
        super().__init__()
        kernel = (1 if flat else 3, 3, 3)
        self.mlp = None if time_dim is None else nn.Sequential(nn.SiLU(), nn.Linear(time_dim, 2 * outside))
        self.block1 = Block(inside, outside, kernel)
        self.block2 = Block(outside, outside, kernel)
        self.res_conv: nn.Module = nn.Identity() if inside == outside else nn.Conv3d(inside, outside, 1)

    def forward(self, x: Tensor, time: Tensor | None) -> Tensor:
        """(B, inside, D, H, W) and (B, time_dim) to (B, outside, D, H, W)."""
        scale_shift = None
        if self.mlp is not None and time is not None:
            told = self.mlp(time)[:, :, None, None, None]  # (B, 2 outside, 1, 1, 1)
            scale_shift = told.chunk(2, dim=1)  # 2 x (B, outside, 1, 1, 1)
        h = self.block1(x, scale_shift)  # (B, outside, D, H, W)
        return self.block2(h) + self.res_conv(x)  # type: ignore[no-any-return]  # (B, outside, D, H, W)


def downsample(dim: int) -> nn.Conv3d:
    """Halve height and width."""
    return nn.Conv3d(dim, dim, (1, 4, 4), (1, 2, 2), (0, 1, 1))


def upsample(dim: int) -> nn.ConvTranspose3d:
    """Double height and width."""
    return nn.ConvTranspose3d(dim, dim, (1, 4, 4), (1, 2, 2), (0, 1, 1))


class ChannelNorm(nn.Module):
    """Layer normalisation over channels, with a gain and no bias."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.gamma = nn.Parameter(torch.ones(1, dim, 1, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, D, H, W) to the same."""
        variance, mean = torch.var_mean(x, dim=1, correction=0, keepdim=True)  # 2 x (B, 1, D, H, W)
        return (x - mean) * torch.rsqrt(variance + 1e-5) * self.gamma  # (B, C, D, H, W)


class Attention(nn.Module):
    """Self-attention of tokens (N, T, C)."""

    def __init__(self, dim: int, heads: int) -> None:
        super().__init__()
        self._heads = heads
        self.to_qkv = nn.Linear(dim, 3 * heads * HEAD_CHANNELS, bias=False)
        self.to_out = nn.Linear(heads * HEAD_CHANNELS, dim, bias=False)

    def forward(self, tokens: Tensor) -> Tensor:
        """(N, T, C) to the same."""
        q, k, v = (by_head(part, self._heads) for part in self.to_qkv(tokens).chunk(3, dim=-1))  # 3 x (N, h, T, 32)
        return self.to_out(joined_heads(functional.scaled_dot_product_attention(q, k, v)))  # type: ignore[no-any-return]  # (N, T, C)


class PerSlice(nn.Module):
    """Attention among the voxels of each axial slice."""

    def __init__(self, fn: Attention) -> None:
        super().__init__()
        self.fn = fn

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, D, H, W) to the same."""
        return as_volume(self.fn(as_tokens(x)), x)  # (B, C, D, H, W)


class CrossAttention(nn.Module):
    """Voxels of each slice listen to the text. All text positions are heard, padding too, as published.

    The first weights are larger than usual (ours): attention that looks at single words from the beginning learns what
    they say; one that averages all words, most of them padding, takes far longer.
    """

    def __init__(self, dim: int, text_width: int, heads: int) -> None:
        super().__init__()
        self._heads, inner = heads, heads * HEAD_CHANNELS
        self.to_q = nn.Conv2d(dim, inner, 1, bias=False)
        self.to_kv = nn.Linear(text_width, 2 * inner, bias=False)
        self.to_out = nn.Conv2d(inner, dim, 1)
        nn.init.normal_(self.to_q.weight, std=FIRST_SHARPNESS / math.sqrt(dim))
        nn.init.normal_(self.to_kv.weight, std=FIRST_SHARPNESS / math.sqrt(text_width))

    def keys_values(self, text: Tensor) -> tuple[Tensor, Tensor]:
        """Keys and values of a text (B, T, width), each (B, h, T, 32): the same at every step."""
        k, v = self.to_kv(text).chunk(2, dim=-1)  # 2 x (B, T, h 32)
        return by_head(k, self._heads), by_head(v, self._heads)

    def forward(self, x: Tensor, keys_values: tuple[Tensor, Tensor]) -> Tensor:
        """(B, C, D, H, W) to the same."""
        batch, _, depth, height, width = x.shape
        weight_q = self.to_q.weight[:, :, 0, 0]  # (h 32, C)
        weight_out = self.to_out.weight[:, :, 0, 0]  # (C, h 32)
        q = functional.linear(as_tokens(x), weight_q)  # (B D, H W, h 32)
        q = q.view(batch, depth * height * width, -1)  # (B, D H W, h 32)
        k, v = keys_values  # 2 x (B, h, T, 32)
        heard = functional.scaled_dot_product_attention(by_head(q, self._heads), k, v)  # (B, h, D H W, 32)
        out = functional.linear(joined_heads(heard), weight_out, self.to_out.bias)  # (B, D H W, C)
        return as_volume(out.view(batch * depth, height * width, -1), x)  # (B, C, D, H, W)


class Normed(nn.Module):
    """A layer that sees its input normalised over channels."""

    def __init__(self, dim: int, fn: nn.Module) -> None:
        super().__init__()
        self.fn = fn
        self.norm = ChannelNorm(dim)

    def forward(self, x: Tensor, *told: object) -> Tensor:
        """(B, C, D, H, W) to the same."""
        return self.fn(self.norm(x), *told)  # type: ignore[no-any-return]  # (B, C, D, H, W)


class Residual(nn.Module):
    """A layer whose output is added to its input."""

    def __init__(self, fn: nn.Module) -> None:
        super().__init__()
        self.fn = fn

    def forward(self, x: Tensor, *told: object) -> Tensor:
        """(B, C, D, H, W) to the same."""
        return x + self.fn(x, *told)  # type: ignore[no-any-return]  # (B, C, D, H, W)


def as_tokens(x: Tensor) -> Tensor:
    """(B, C, D, H, W) to one row of tokens a slice, (B D, H W, C)."""
    return x.permute(0, 2, 3, 4, 1).flatten(2, 3).flatten(0, 1)


def as_volume(tokens: Tensor, like: Tensor) -> Tensor:
    """What `as_tokens` made, back in the shape of `like`."""
    batch, channels, depth, height, width = like.shape
    return tokens.view(batch, depth, height, width, channels).permute(0, 4, 1, 2, 3)


def folded(x: Tensor, patch: int) -> Tensor:
    """(B, C, D, H, W) to (B, C patch², D, H/patch, W/patch): squares of a slice become channels."""
    if patch == 1:
        return x
    x = x.unflatten(4, (-1, patch)).unflatten(3, (-1, patch))  # (B, C, D, h, p, w, p)
    return x.permute(0, 1, 4, 6, 2, 3, 5).flatten(1, 3)  # (B, C p p, D, h, w)


def unfolded(x: Tensor, patch: int) -> Tensor:
    """What `folded` made, as it was."""
    if patch == 1:
        return x
    x = x.unflatten(1, (-1, patch, patch))  # (B, C, p, p, D, h, w)
    return x.permute(0, 1, 4, 5, 2, 6, 3).flatten(5, 6).flatten(3, 4)  # (B, C, D, H, W)


def by_head(tokens: Tensor, heads: int) -> Tensor:
    """(N, T, h 32) to (N, h, T, 32)."""
    return tokens.unflatten(-1, (heads, HEAD_CHANNELS)).transpose(1, 2)


def joined_heads(tokens: Tensor) -> Tensor:
    """(N, h, T, 32) to (N, T, h 32)."""
    return tokens.transpose(1, 2).flatten(-2)
