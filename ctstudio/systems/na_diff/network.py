"""The denoiser of NA-Diff: a DiT whose condition is made of CLIP embeddings of the noise map, the mask, or both.

Source: NA-Diff, section 3.4 (Sep-Diff), eq. 10 to 14, Fig. 3 (Cat-Diff).
Differs: each condition has a learned null, for classifier-free dropout. Small networks get a thin rim of convolutions
around the trunk, in which the unpredictable part of the latent (CT noise) has a way past the tokens. The *spatial*
variant is ours: a global embedding cannot follow a brush, so mask and noise map also enter there.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

import torch
from torch import Tensor, nn
from torch.nn import functional

from ctstudio.nets.control import DiTControl
from ctstudio.nets.dit import DiT, Steer
from ctstudio.nets.silent import silent
from ctstudio.systems.na_diff.config import Condition, NaDiffConfig

NULLS: dict[Condition, str] = {"noise_map": "null_map", "mask": "null_mask"}
"""What is heard in the place of a condition that is not told: the name of its weights."""


class ImageConditions(nn.Module):
    """CLIP embeddings of noise map and mask to one vector.

    One condition alone is rho(y) (eq. 11); two are eta([rho(noise map) || rho(mask)]) with rho shared (eq. 10 to 13),
    or their sum.
    """

    def __init__(self, config: NaDiffConfig) -> None:
        super().__init__()
        hidden, clip_dim = config.hidden, config.clip_dim
        self.names = config.conditions
        self.rho = nn.Sequential(nn.Linear(clip_dim, hidden), nn.SiLU(), nn.Linear(hidden, hidden))
        self.eta = None
        if len(self.names) == 2 and config.fusion == "concat":
            self.eta = nn.Sequential(nn.Linear(2 * hidden, hidden), nn.SiLU(), nn.Linear(hidden, hidden))
        for name in self.names:
            self.register_parameter(NULLS[name], nn.Parameter(torch.zeros(clip_dim)))

    def forward(self, embeddings: Mapping[Condition, Tensor], keep: Mapping[Condition, Tensor]) -> Tensor:
        """Fuse.

        Args:
            embeddings: (B, clip_dim) of each condition.
            keep: (B,) bool of each, False puts the learned null in its place.

        Returns:
            (B, D).
        """
        each = [
            self.rho(torch.where(keep[n][:, None], embeddings[n], self.get_parameter(NULLS[n]))) for n in self.names
        ]
        if self.eta is None:
            return torch.stack(each).sum(dim=0)  # (B, D)
        return self.eta(torch.cat(each, dim=1))  # (B, D)


class ModulatedBlock(nn.Module):
    """Two 3x3 convolutions, scaled and shifted by the condition, with a residual."""

    def __init__(self, channels: int, condition: int) -> None:
        super().__init__()
        self.norm1 = nn.GroupNorm(8, channels)
        self.conv1 = nn.Conv2d(channels, channels, 3, padding=1)
        self.norm2 = nn.GroupNorm(8, channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1)
        self.modulation = nn.Linear(condition, 2 * channels)
        silent(self.modulation)
        silent(self.conv2)

    def forward(self, x: Tensor, condition: Tensor) -> Tensor:
        """(B, C, H, W) and (B, D) to (B, C, H, W)."""
        scale, shift = self.modulation(condition)[:, :, None, None].chunk(2, dim=1)  # (B, C, 1, 1) each
        h = self.conv1(functional.silu(self.norm1(x)))  # (B, C, H, W)
        h = self.norm2(h) * (1 + scale) + shift  # (B, C, H, W)
        return x + self.conv2(functional.silu(h))  # (B, C, H, W)


class NoisePath(nn.Module):
    """A gain for each latent value, from what is known of its place and from the condition.

    CT noise fills every latent dimension and cannot be guessed from its neighbours; the best prediction for it is
    z_t times a number that depends on t and on the local noise SD. Tokens narrower than a patch cannot carry it.
    """

    def __init__(self, place: int, latent: int, condition: int, hidden: int = 32) -> None:
        super().__init__()
        self.local = nn.Conv2d(place, hidden, 1)
        self.condition = nn.Linear(condition, hidden)
        self.gain = nn.Conv2d(hidden, latent, 1)
        silent(self.gain)

    def forward(self, z_t: Tensor, place: Tensor, condition: Tensor) -> Tensor:
        """(B, C, H, W), (B, K, H, W), (B, D) to (B, C, H, W)."""
        h = functional.silu(self.local(place) + self.condition(condition)[:, :, None, None])  # (B, 32, H, W)
        return z_t * self.gain(h)  # (B, C, H, W)


class Rim(nn.Module):
    """Convolutions at latent resolution before and after the trunk (ours).

    The noise path goes by the spatial conditions where there are any, else by what the convolutions have found.
    """

    def __init__(self, config: NaDiffConfig) -> None:
        super().__init__()
        width, latent = config.rim, config.latent_channels
        spatial = config.spatial_channels if config.spatial else 0
        self.stem = nn.Conv2d(latent + spatial, width, 3, padding=1)
        self.before = ModulatedBlock(width, config.hidden)
        self.join = nn.Conv2d(2 * width, width, 1)
        self.after = nn.ModuleList(ModulatedBlock(width, config.hidden) for _ in range(2))
        self.out = nn.Sequential(nn.GroupNorm(8, width), nn.SiLU(), nn.Conv2d(width, latent, 3, padding=1))
        self.noise_path = NoisePath(spatial or width, latent, config.hidden)

    def forward(
        self,
        trunk: DiT,
        z_t: Tensor,
        timesteps: Tensor,
        condition: Tensor,
        spatial: Tensor | None = None,
        steer: Steer | None = None,
    ) -> Tensor:
        """What `trunk` says of z_t through the rim; shapes as for `NaDiffNetwork`."""
        whole = condition if condition.ndim == 2 else condition.mean(dim=1)  # (B, D)
        c = functional.silu(whole + trunk.t_embedder(timesteps))  # (B, D)
        h = self.stem(z_t if spatial is None else torch.cat([z_t, spatial], dim=1))  # (B, rim, side, side)
        h = self.before(h, c)  # (B, rim, side, side)
        h = self.join(torch.cat([h, trunk(h, timesteps, condition, steer)], dim=1))  # (B, rim, side, side)
        for block in self.after:
            h = block(h, c)  # (B, rim, side, side)
        return self.out(h) + self.noise_path(z_t, h if spatial is None else spatial, c)  # (B, C, side, side)


class NaDiffNetwork(nn.Module):
    """Predicts noise (or v) of z_t from t and the two conditions."""

    def __init__(self, config: NaDiffConfig) -> None:
        super().__init__()
        self.config = config
        self.trunk = DiT(config.trunk())
        self.conditions = ImageConditions(config)
        self.rim = Rim(config) if config.rim else None
        self.control = None
        if config.control:
            self.control = DiTControl(config.trunk(), config.spatial_channels, config.control)

    def forward(self, z_t: Tensor, timesteps: Tensor, condition: Tensor, spatial: Tensor | None = None) -> Tensor:
        """Predict.

        Args:
            z_t: (B, C, side, side) noised latent.
            timesteps: (B,) in [0, 1000).
            condition: (B, D) from `conditions`.
            spatial: (B, K, side, side) mask occupancy, flags and noise map; for the spatial variant and ControlNets.

        Returns:
            (B, C, side, side), or (B, 2C, side, side) when the variance is learned.
        """
        steer = None if self.control is None else partial(self.control, picture=spatial)
        if self.rim is None:
            return self.trunk(z_t, timesteps, condition, steer)  # (B, C or 2C, side, side)
        beside = spatial if self.config.spatial else None
        return self.rim(self.trunk, z_t, timesteps, condition, beside, steer)  # (B, C, side, side)
