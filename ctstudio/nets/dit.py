"""The diffusion transformer with adaLN-Zero, with the key names of the public DiT checkpoints.

Source: Peebles and Xie 2023; NA-Diff, Algorithm 1.
Differs: the condition may also be one vector a token, as NA-Diff's natural-image stage needs (eq. 2).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.checkpoint import checkpoint

from ctstudio.nets.positions import grid_positions, time_waves

Steer = Callable[[Tensor, Tensor], list[Tensor]]
"""Tokens (B, T, D) as they enter and the blocks' condition, to (B, T, D) for each of the first blocks."""


@dataclass(frozen=True)
class DiTConfig:
    """Sizes of a trunk.

    Attributes:
        side: Height and width of the input, in latent pixels.
        patch: Edge of a token, in latent pixels.
        in_channels: Channels of the input.
        out_channels: Channels of the output; twice the latent's when the variance is learned.
        hidden: Width D.
        depth: Number of blocks.
        heads: Attention heads.
        mlp_ratio: Width of the MLP over D.
    """

    side: int
    patch: int
    in_channels: int
    out_channels: int
    hidden: int
    depth: int
    heads: int
    mlp_ratio: float = 4.0

    @property
    def tokens_per_side(self) -> int:
        """Tokens along one edge."""
        return self.side // self.patch


class Attention(nn.Module):
    """Self-attention over tokens (B, T, D)."""

    def __init__(self, dim: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(dim, 3 * dim)
        self.proj = nn.Linear(dim, dim)

    def forward(self, x: Tensor) -> Tensor:
        """(B, T, D) to (B, T, D)."""
        batch, tokens, dim = x.shape
        qkv = self.qkv(x).view(batch, tokens, 3, self.heads, dim // self.heads)  # (B, T, 3, H, D/H)
        q, k, v = qkv.permute(2, 0, 3, 1, 4)  # (B, H, T, D/H) each
        x = functional.scaled_dot_product_attention(q, k, v)  # (B, H, T, D/H)
        return self.proj(x.transpose(1, 2).reshape(batch, tokens, dim))  # (B, T, D)


class Mlp(nn.Module):
    """Two layers with GELU (tanh form) between, on (B, T, D)."""

    def __init__(self, dim: int, hidden: int) -> None:
        super().__init__()
        self.fc1 = nn.Linear(dim, hidden)
        self.fc2 = nn.Linear(hidden, dim)

    def forward(self, x: Tensor) -> Tensor:
        """(B, T, D) to (B, T, D)."""
        return self.fc2(functional.gelu(self.fc1(x), approximate="tanh"))  # (B, T, D)


class DiTBlock(nn.Module):
    """Attention and MLP, each shifted, scaled and gated by the condition."""

    def __init__(self, config: DiTConfig) -> None:
        super().__init__()
        dim = config.hidden
        self.norm1 = nn.LayerNorm(dim, eps=1e-6, elementwise_affine=False)
        self.attn = Attention(dim, config.heads)
        self.norm2 = nn.LayerNorm(dim, eps=1e-6, elementwise_affine=False)
        self.mlp = Mlp(dim, int(dim * config.mlp_ratio))
        self.adaLN_modulation = nn.Sequential(nn.SiLU(), nn.Linear(dim, 6 * dim))

    def forward(self, x: Tensor, condition: Tensor) -> Tensor:
        """Tokens (B, T, D) and condition (B, 1 or T, D) to (B, T, D)."""
        shift_a, scale_a, gate_a, shift_m, scale_m, gate_m = self.adaLN_modulation(condition).chunk(6, dim=-1)
        x = x + gate_a * self.attn(_modulate(self.norm1(x), shift_a, scale_a))  # (B, T, D)
        return x + gate_m * self.mlp(_modulate(self.norm2(x), shift_m, scale_m))  # (B, T, D)


class PatchEmbed(nn.Module):
    """Cuts (B, C, H, W) into patches and projects each to D."""

    def __init__(self, config: DiTConfig) -> None:
        super().__init__()
        self.proj = nn.Conv2d(config.in_channels, config.hidden, config.patch, stride=config.patch)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) to (B, T, D)."""
        return self.proj(x).flatten(2).transpose(1, 2)  # (B, T, D)


class TimestepEmbedder(nn.Module):
    """Timesteps (B,) to (B, D)."""

    def __init__(self, hidden: int, waves: int = 256) -> None:
        super().__init__()
        self.waves = waves
        self.mlp = nn.Sequential(nn.Linear(waves, hidden), nn.SiLU(), nn.Linear(hidden, hidden))

    def forward(self, timesteps: Tensor) -> Tensor:
        """(B,) to (B, D)."""
        return self.mlp(time_waves(timesteps, self.waves))  # (B, D)


class FinalLayer(nn.Module):
    """Modulated norm and projection of each token to its patch."""

    def __init__(self, config: DiTConfig) -> None:
        super().__init__()
        dim = config.hidden
        self.norm_final = nn.LayerNorm(dim, eps=1e-6, elementwise_affine=False)
        self.linear = nn.Linear(dim, config.patch**2 * config.out_channels)
        self.adaLN_modulation = nn.Sequential(nn.SiLU(), nn.Linear(dim, 2 * dim))

    def forward(self, x: Tensor, condition: Tensor) -> Tensor:
        """(B, T, D) and (B, 1 or T, D) to (B, T, patch^2 * C_out)."""
        shift, scale = self.adaLN_modulation(condition).chunk(2, dim=-1)
        return self.linear(_modulate(self.norm_final(x), shift, scale))  # (B, T, p*p*C_out)


class DiT(nn.Module):
    """The trunk: latents and a condition in, a prediction of the same side out.

    Attributes:
        recompute: Forget what is inside the blocks and compute it again for the gradients: less memory, a third more
            time, the same result.
    """

    pos_embed: Tensor
    recompute: bool = False

    def __init__(self, config: DiTConfig) -> None:
        super().__init__()
        self.config = config
        self.x_embedder = PatchEmbed(config)
        self.t_embedder = TimestepEmbedder(config.hidden)
        positions = grid_positions(config.hidden, config.tokens_per_side)
        self.pos_embed = nn.Parameter(positions[None], requires_grad=False)
        self.blocks = nn.ModuleList(DiTBlock(config) for _ in range(config.depth))
        self.final_layer = FinalLayer(config)
        self._initialise()

    def forward(self, x: Tensor, timesteps: Tensor, condition: Tensor, steer: Steer | None = None) -> Tensor:
        """Predict.

        Args:
            x: (B, C_in, side, side).
            timesteps: (B,) in [0, 1000).
            condition: (B, D), or (B, T, D) for one vector a token.
            steer: Says what is added to the tokens after each of the first blocks.

        Returns:
            (B, C_out, side, side).
        """
        tokens = self.x_embedder(x) + self.pos_embed  # (B, T, D)
        condition = condition if condition.ndim == 3 else condition[:, None]  # (B, 1 or T, D)
        condition = condition + self.t_embedder(timesteps)[:, None]  # (B, 1 or T, D), eq. 14
        added = [] if steer is None else steer(tokens, condition)  # (B, T, D) each
        for number, block in enumerate(self.blocks):
            if self.recompute and torch.is_grad_enabled():
                tokens = checkpoint(block, tokens, condition, use_reentrant=False)  # (B, T, D)
            else:
                tokens = block(tokens, condition)  # (B, T, D)
            if number < len(added):
                tokens = tokens + added[number]  # (B, T, D)
        return self._unpatchify(self.final_layer(tokens, condition))  # (B, C_out, side, side)

    def _unpatchify(self, tokens: Tensor) -> Tensor:
        side, patch, channels = self.config.tokens_per_side, self.config.patch, self.config.out_channels
        image = tokens.view(-1, side, side, patch, patch, channels)  # (B, h, w, p, q, C)
        return image.permute(0, 5, 1, 3, 2, 4).reshape(-1, channels, side * patch, side * patch)

    def _initialise(self) -> None:
        for name, parameter in self.named_parameters():
            if name.endswith("bias") or "adaLN_modulation" in name or name == "final_layer.linear.weight":
                nn.init.zeros_(parameter)
            elif name.startswith("t_embedder"):
                nn.init.normal_(parameter, std=0.02)
            elif name != "pos_embed":
                nn.init.xavier_uniform_(parameter.view(parameter.shape[0], -1))


def _modulate(x: Tensor, shift: Tensor, scale: Tensor) -> Tensor:
    return x * (1 + scale) + shift


def parameter_count(module: nn.Module) -> int:
    """Number of weights, frozen ones included."""
    return sum(p.numel() for p in module.parameters())
