"""MedSyn's networks once more, written as plainly as can be from their description, straight from the weights.

Every layer is spelled out with sums and products of torch, in float32, without the program's modules.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import torch
from torch import Tensor
from torch.nn import functional

Weights = Mapping[str, Tensor]


def base(w: Weights, x: Tensor, t: float, text: Tensor | None, heads: int, groups: int, early: bool = False) -> Tensor:
    """x_0 of the base network: x (1, 4, N, N, N), t 0..1000, text (1, T, width) or None."""
    if text is None:
        text = w["null_cond_emb"]
    time = time_features(w, t)
    stem = conv(w, "init_conv", x)
    x, skips = way_down(w, stem, time, deep=2, halve=3)
    x = resnet(w, "mid_block1", x, time)
    for n in range(1, groups + 1):
        normed = channel_norm(w, f"mid_spatial_attn{n}.fn", x)
        x = x + self_attention(w, f"mid_spatial_attn{n}.fn.fn.fn", normed, heads)
        normed = channel_norm(w, f"mid_cross_attn{n}.fn", x)
        x = x + cross_attention(w, f"mid_cross_attn{n}.fn.fn", normed, text, heads)
        x = resnet(w, f"mid_temporal_attn{n}", x, time)
    x = resnet(w, "mid_block2", x, time)
    x = way_up(w, x, skips, time, 2, 3, early)
    x = resnet(w, "final_conv.0", torch.cat([x, stem], 1), None)
    return conv(w, "final_conv.1", x)


def upscaler(w: Weights, x: Tensor, t: float, coarse: Tensor, heads: int, early: bool = False) -> Tensor:
    """x_0 of the upscaler: x and coarse (1, 4, N, N, N), t 0..1000."""
    time = time_features(w, t)
    stem = conv(w, "init_conv0", torch.cat([coarse, x], 1))
    x, skips = way_down(w, stem, time, deep=4, halve=5)
    x = resnet(w, "mid_block1", x, time)
    x = x + self_attention(w, "mid_spatial_attn.fn.fn.fn", channel_norm(w, "mid_spatial_attn.fn", x), heads)
    x = resnet(w, "mid_temporal_conv", x, time)
    x = resnet(w, "mid_block2", x, time)
    x = way_up(w, x, skips, time, 4, 5, early)
    x = resnet(w, "final_conv0.0", torch.cat([x, stem], 1), None)
    return conv(w, "final_conv0.1", x)


def time_features(w: Weights, t: float) -> Tensor:
    half = w["time_mlp.1.weight"].shape[1] // 2
    angles = [t * math.exp(-math.log(10000) * i / (half - 1)) for i in range(half)]
    row = torch.tensor([[*map(math.sin, angles), *map(math.cos, angles)]])
    row = row @ w["time_mlp.1.weight"].T + w["time_mlp.1.bias"]
    row = row * 0.5 * (1 + torch.erf(row / math.sqrt(2)))
    return row @ w["time_mlp.3.weight"].T + w["time_mlp.3.bias"]


def way_down(w: Weights, x: Tensor, time: Tensor, deep: int, halve: int) -> tuple[Tensor, list[Tensor]]:
    skips = []
    for level in range(depth(w, "downs")):
        x = resnet(w, f"downs.{level}.0", x, time)
        x = resnet(w, f"downs.{level}.1", x, time)
        skips.append(x)
        if f"downs.{level}.{halve}.weight" in w:
            x = conv(w, f"downs.{level}.{halve}", x, stride=2)
        x = resnet(w, f"downs.{level}.{deep}", x, time)
    return x, skips


def way_up(w: Weights, x: Tensor, skips: list[Tensor], time: Tensor, deep: int, double: int, early: bool) -> Tensor:
    for level in range(depth(w, "ups")):
        key = f"ups.{level}.{double}"
        x = resnet(w, f"ups.{level}.0", torch.cat([x, skips.pop()], 1), time)
        if early and f"{key}.weight" in w:
            x = doubled(w, key, x)
        x = resnet(w, f"ups.{level}.1", x, time)
        x = resnet(w, f"ups.{level}.{deep}", x, time)
        if not early and f"{key}.weight" in w:
            x = doubled(w, key, x)
    return x


def depth(w: Weights, way: str) -> int:
    return 1 + max(int(key.split(".")[1]) for key in w if key.startswith(f"{way}."))


def resnet(w: Weights, key: str, x: Tensor, time: Tensor | None) -> Tensor:
    h = group_norm(w, f"{key}.block1.norm", conv(w, f"{key}.block1.proj", x))
    if time is not None:
        row = (time * torch.sigmoid(time)) @ w[f"{key}.mlp.1.weight"].T + w[f"{key}.mlp.1.bias"]
        scale, shift = row[:, : h.shape[1]], row[:, h.shape[1] :]
        h = h * (scale.view(1, -1, 1, 1, 1) + 1) + shift.view(1, -1, 1, 1, 1)
    h = h * torch.sigmoid(h)
    h = group_norm(w, f"{key}.block2.norm", conv(w, f"{key}.block2.proj", h))
    h = h * torch.sigmoid(h)
    return h + (conv(w, f"{key}.res_conv", x) if f"{key}.res_conv.weight" in w else x)


def conv(w: Weights, key: str, x: Tensor, stride: int = 1) -> Tensor:
    """Kernels of 1, 3, 5, 7 keep the size; the kernel of 4 in a slice halves it."""
    weight = w[f"{key}.weight"]
    padding = [(size - 1) // 2 for size in weight.shape[2:]]
    return functional.conv3d(x, weight, w[f"{key}.bias"], (1, stride, stride), padding)


def doubled(w: Weights, key: str, x: Tensor) -> Tensor:
    return functional.conv_transpose3d(x, w[f"{key}.weight"], w[f"{key}.bias"], (1, 2, 2), (0, 1, 1))


def group_norm(w: Weights, key: str, x: Tensor) -> Tensor:
    channels = x.shape[1]
    rows = x.reshape(1, 8, -1)
    centred = rows - rows.mean(-1, keepdim=True)
    normed = (centred / (centred.square().mean(-1, keepdim=True) + 1e-5).sqrt()).view_as(x)
    return normed * w[f"{key}.weight"].view(1, channels, 1, 1, 1) + w[f"{key}.bias"].view(1, channels, 1, 1, 1)


def channel_norm(w: Weights, key: str, x: Tensor) -> Tensor:
    centred = x - x.mean(1, keepdim=True)
    return centred / (centred.square().mean(1, keepdim=True) + 1e-5).sqrt() * w[f"{key}.norm.gamma"]


def self_attention(w: Weights, key: str, x: Tensor, heads: int) -> Tensor:
    found = torch.empty_like(x)
    for z in range(x.shape[2]):
        tokens = x[0, :, z].flatten(1).T
        q, k, v = (tokens @ w[f"{key}.to_qkv.weight"].T).chunk(3, -1)
        found[0, :, z] = (listened(q, k, v, heads) @ w[f"{key}.to_out.weight"].T).T.view_as(x[0, :, z])
    return found


def cross_attention(w: Weights, key: str, x: Tensor, text: Tensor, heads: int) -> Tensor:
    k, v = (text[0] @ w[f"{key}.to_kv.weight"].T).chunk(2, -1)
    found = torch.empty_like(x)
    for z in range(x.shape[2]):
        q = x[0, :, z].flatten(1).T @ w[f"{key}.to_q.weight"][:, :, 0, 0].T
        out = listened(q, k, v, heads) @ w[f"{key}.to_out.weight"][:, :, 0, 0].T + w[f"{key}.to_out.bias"]
        found[0, :, z] = out.T.view_as(x[0, :, z])
    return found


def listened(q: Tensor, k: Tensor, v: Tensor, heads: int) -> Tensor:
    parts = []
    for one in range(heads):
        rows = slice(one * 32, one * 32 + 32)
        parts.append((q[:, rows] @ k[:, rows].T / math.sqrt(32)).softmax(-1) @ v[:, rows])
    return torch.cat(parts, -1)
