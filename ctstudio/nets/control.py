"""ControlNet for a diffusion transformer: a trained copy of its first blocks that hears a picture and steers the rest.

Source: Zhang et al. 2023 (ControlNet: a copy joined by layers that begin at zero); Chen et al. 2024 (for transformers:
the copy's blocks add to the trunk's, block by block).
"""

from __future__ import annotations

from dataclasses import replace

from torch import Tensor, nn

from ctstudio.nets.dit import DiT, DiTBlock, DiTConfig, PatchEmbed
from ctstudio.nets.silent import silent


class DiTControl(nn.Module):
    """What a picture adds after each of a trunk's first blocks; nothing at all until it is trained.

    Args:
        config: Of the trunk.
        hint_channels: Channels of the picture, which is as large as the trunk's input.
        depth: How many of the trunk's blocks are steered.
    """

    def __init__(self, config: DiTConfig, hint_channels: int, depth: int) -> None:
        super().__init__()
        self.hint = PatchEmbed(replace(config, in_channels=hint_channels))
        self.enter = silent(nn.Linear(config.hidden, config.hidden))
        self.blocks = nn.ModuleList(DiTBlock(config) for _ in range(depth))
        self.leave = nn.ModuleList(silent(nn.Linear(config.hidden, config.hidden)) for _ in range(depth))

    def begin_as(self, trunk: DiT) -> None:
        """Make the blocks copies of the trunk's first ones."""
        for own, theirs in zip(self.blocks, trunk.blocks, strict=False):
            own.load_state_dict(theirs.state_dict())

    def forward(self, tokens: Tensor, condition: Tensor, picture: Tensor) -> list[Tensor]:
        """Steer.

        Args:
            tokens: (B, T, D) as they enter the trunk.
            condition: (B, 1 or T, D) as the trunk's blocks hear it.
            picture: (B, hint_channels, side, side).

        Returns:
            (B, T, D) for each of the first blocks, to be added to what it gives.
        """
        h = tokens + self.enter(self.hint(picture))  # (B, T, D)
        added = []
        for block, leave in zip(self.blocks, self.leave, strict=True):
            h = block(h, condition)  # (B, T, D)
            added.append(leave(h))  # (B, T, D)
        return added
