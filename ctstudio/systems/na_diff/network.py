"""The denoiser of NA-Diff: a DiT whose condition is made of two CLIP image embeddings.

Source: NA-Diff, eq. 10 to 14, Fig. 3.
Differs: each condition has a learned null, for classifier-free dropout. The *spatial* variant is ours: a global
embedding cannot follow a brush, so mask and noise map also enter at latent resolution, through a thin rim of
convolutions around the trunk, and the unpredictable part of the latent (CT noise) has a way past the tokens.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from ctstudio.nets.dit import DiT
from ctstudio.systems.na_diff.config import NaDiffConfig


class DualCondition(nn.Module):
    """Two CLIP embeddings to one vector: eta([rho(noise map) || rho(mask)]), rho shared (eq. 10 to 13)."""

    def __init__(self, clip_dim: int, hidden: int) -> None:
        super().__init__()
        self.rho = nn.Sequential(nn.Linear(clip_dim, hidden), nn.SiLU(), nn.Linear(hidden, hidden))
        self.eta = nn.Sequential(nn.Linear(2 * hidden, hidden), nn.SiLU(), nn.Linear(hidden, hidden))
        self.null_map = nn.Parameter(torch.zeros(clip_dim))
        self.null_mask = nn.Parameter(torch.zeros(clip_dim))

    def forward(self, map_embedding: Tensor, mask_embedding: Tensor, keep_map: Tensor, keep_mask: Tensor) -> Tensor:
        """Fuse.

        Args:
            map_embedding: (B, clip_dim) of the noise map.
            mask_embedding: (B, clip_dim) of the mask.
            keep_map: (B,) bool, False puts the learned null in its place.
            keep_mask: (B,) bool.

        Returns:
            (B, D).
        """
        map_embedding = torch.where(keep_map[:, None], map_embedding, self.null_map)  # (B, clip_dim)
        mask_embedding = torch.where(keep_mask[:, None], mask_embedding, self.null_mask)  # (B, clip_dim)
        return self.eta(torch.cat([self.rho(map_embedding), self.rho(mask_embedding)], dim=1))  # (B, D)


class ModulatedBlock(nn.Module):
    """Two 3x3 convolutions, scaled and shifted by the condition, with a residual."""

    def __init__(self, channels: int, condition: int) -> None:
        super().__init__()
        self.norm1 = nn.GroupNorm(8, channels)
        self.conv1 = nn.Conv2d(channels, channels, 3, padding=1)
        self.norm2 = nn.GroupNorm(8, channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1)
        self.modulation = nn.Linear(condition, 2 * channels)
        _silence(self.modulation)
        _silence(self.conv2)

    def forward(self, x: Tensor, condition: Tensor) -> Tensor:
        """(B, C, H, W) and (B, D) to (B, C, H, W)."""
        scale, shift = self.modulation(condition)[:, :, None, None].chunk(2, dim=1)  # (B, C, 1, 1) each
        h = self.conv1(functional.silu(self.norm1(x)))  # (B, C, H, W)
        h = self.norm2(h) * (1 + scale) + shift  # (B, C, H, W)
        return x + self.conv2(functional.silu(h))  # (B, C, H, W)


class NoisePath(nn.Module):
    """A gain for each latent value, from the noise map and the condition.

    CT noise fills every latent dimension and cannot be guessed from its neighbours; the best prediction for it is
    z_t times a number that depends on t and on the local noise SD. Tokens narrower than a patch cannot carry it.
    """

    def __init__(self, spatial: int, latent: int, condition: int, hidden: int = 32) -> None:
        super().__init__()
        self.local = nn.Conv2d(spatial, hidden, 1)
        self.condition = nn.Linear(condition, hidden)
        self.gain = nn.Conv2d(hidden, latent, 1)
        _silence(self.gain)

    def forward(self, z_t: Tensor, spatial: Tensor, condition: Tensor) -> Tensor:
        """(B, C, H, W), (B, K, H, W), (B, D) to (B, C, H, W)."""
        h = functional.silu(self.local(spatial) + self.condition(condition)[:, :, None, None])  # (B, 32, H, W)
        return z_t * self.gain(h)  # (B, C, H, W)


class Rim(nn.Module):
    """Convolutions at latent resolution before and after the trunk (ours)."""

    def __init__(self, config: NaDiffConfig) -> None:
        super().__init__()
        width, latent = config.rim, config.latent_channels
        self.stem = nn.Conv2d(latent + config.spatial_channels, width, 3, padding=1)
        self.before = ModulatedBlock(width, config.hidden)
        self.join = nn.Conv2d(2 * width, width, 1)
        self.after = nn.ModuleList(ModulatedBlock(width, config.hidden) for _ in range(2))
        self.out = nn.Sequential(nn.GroupNorm(8, width), nn.SiLU(), nn.Conv2d(width, latent, 3, padding=1))
        self.noise_path = NoisePath(config.spatial_channels, latent, config.hidden)


class NaDiffNetwork(nn.Module):
    """Predicts noise (or v) of z_t from t and the two conditions."""

    def __init__(self, config: NaDiffConfig) -> None:
        super().__init__()
        self.config = config
        self.trunk = DiT(config.trunk())
        self.conditions = DualCondition(config.clip_dim, config.hidden)
        self.rim = Rim(config) if config.spatial else None

    def forward(self, z_t: Tensor, timesteps: Tensor, condition: Tensor, spatial: Tensor | None = None) -> Tensor:
        """Predict.

        Args:
            z_t: (B, C, side, side) noised latent.
            timesteps: (B,) in [0, 1000).
            condition: (B, D) from `conditions`.
            spatial: (B, K, side, side) mask occupancy, flags and noise map; only for the spatial variant.

        Returns:
            (B, C, side, side), or (B, 2C, side, side) when the variance is learned.
        """
        if self.rim is None or spatial is None:
            return self.trunk(z_t, timesteps, condition)  # (B, C_out, side, side)
        rim = self.rim
        c = functional.silu(condition + self.trunk.t_embedder(timesteps))  # (B, D)
        h = rim.before(rim.stem(torch.cat([z_t, spatial], dim=1)), c)  # (B, rim, side, side)
        h = rim.join(torch.cat([h, self.trunk(h, timesteps, condition)], dim=1))  # (B, rim, side, side)
        for block in rim.after:
            h = block(h, c)  # (B, rim, side, side)
        return rim.out(h) + rim.noise_path(z_t, spatial, c)  # (B, C, side, side)


def _silence(layer: nn.Module) -> None:
    """Zero a layer, so that its path adds nothing until it has learned."""
    for parameter in layer.parameters():
        nn.init.zeros_(parameter)
