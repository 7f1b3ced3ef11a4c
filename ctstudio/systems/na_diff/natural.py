"""The network of the first stage: natural images with CT noise, told their noise map token by token.

Source: NA-Diff, section 3.2, eq. 2 and 6.
Differs: as in Algorithm 1 the blocks are those of DiT, gates and all; c = f(t) + z_y, once.
"""

from __future__ import annotations

from dataclasses import replace

from torch import Tensor, nn

from ctstudio.core.errors import WeightMismatch
from ctstudio.nets.dit import DiT, PatchEmbed
from ctstudio.systems.na_diff.config import NaDiffConfig
from ctstudio.systems.na_diff.network import NaDiffNetwork, Rim


def natural_config(config: NaDiffConfig) -> NaDiffConfig:
    """The first stage of a model: the same network without mask and noise map at latent resolution."""
    return config.model_copy(update={"spatial": False, "control": 0, "layout": ()})


class NaturalNetwork(nn.Module):
    """Predicts the noise (or v) of z_t from t and the latent of the noise map.

    Args:
        config: From `natural_config`.
    """

    def __init__(self, config: NaDiffConfig) -> None:
        super().__init__()
        self.config = config
        self.trunk = DiT(config.trunk())
        self.rim = Rim(config) if config.rim else None
        self.y_embedder = PatchEmbed(replace(config.trunk(), in_channels=config.latent_channels))

    def condition(self, map_latent: Tensor) -> Tensor:
        """z_y = W_y y + E_pos: the latent (B, C, side, side) of the noise map as one vector a token, (B, T, D)."""
        return self.y_embedder(map_latent) + self.trunk.pos_embed  # (B, T, D)

    def forward(self, z_t: Tensor, timesteps: Tensor, condition: Tensor, spatial: None = None) -> Tensor:
        """Predict.

        Args:
            z_t: (B, C, side, side) noised latent.
            timesteps: (B,) in [0, 1000).
            condition: (B, T, D) from `condition`.
            spatial: Nothing; there for likeness with the CT stages.

        Returns:
            (B, C, side, side), or (B, 2C, side, side) when the variance is learned.
        """
        if self.rim is None:
            return self.trunk(z_t, timesteps, condition)  # (B, C or 2C, side, side)
        return self.rim(self.trunk, z_t, timesteps, condition)  # (B, C, side, side)


def begin_from(source: NaDiffNetwork, target: NaDiffNetwork) -> None:
    """Begin a denoiser with another's trunk and rim, and with its rho where the embeddings are as long.

    So the second CT stage of Sep-Diff, which hears the mask, goes on from the first, which heard the noise map.

    Raises:
        WeightMismatch: The trunks differ in depth or width.
    """
    carry_over(source, target)
    if source.config.clip_dim == target.config.clip_dim:
        target.conditions.rho.load_state_dict(source.conditions.rho.state_dict())


def carry_over(source: NaturalNetwork | NaDiffNetwork, target: NaDiffNetwork) -> list[str]:
    """Put trunk and rim of one network into another; what the condition meets, adaLN's layers, carries over too.

    Args:
        source: Trained.
        target: With a trunk as wide and as deep. Its first and last layers may differ, and so may its rim: the spatial
            variant's sees more.

    Returns:
        The names of the weights of the target's trunk and rim that stay as they were.

    Raises:
        WeightMismatch: The blocks differ.
    """
    given, own = source.state_dict(), target.state_dict()
    kept = [key for key in own if key.startswith(("trunk.", "rim."))]
    left = [key for key in kept if key not in given or given[key].shape != own[key].shape]
    edges = ("trunk.x_embedder.", "trunk.final_layer.linear.", "rim.")
    ours, theirs = target.trunk, source.trunk
    if any(not key.startswith(edges) for key in left) or len(ours.blocks) != len(theirs.blocks):
        raise WeightMismatch(
            f"One trunk has {len(theirs.blocks)} blocks of width {theirs.config.hidden}, "
            f"the other {len(ours.blocks)} of width {ours.config.hidden}.",
            "Begin from a model of the same depth and width.",
        )
    target.load_state_dict(
        {key: given[key] if key in kept and key not in left else value for key, value in own.items()}
    )
    return left
