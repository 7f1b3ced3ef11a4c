"""The layout network: which organ lies where, when the mask leaves it open.

A mask of the liver alone leaves most of the slice to the denoiser, which is good at texture and poor at laying out
organs. So a small diffusion model over label maps first draws the rest of the anatomy, and the denoiser follows that
complete map. The order (labels first, then the image) is that of MAISI (Guo et al. 2024).

Source: ours. The layout is the part of each latent pixel that each class covers, with Gaussian noise added; the network
is trained with cross-entropy, and its probabilities are the estimate of x_0 (Dieleman et al. 2022).
"""

from __future__ import annotations

import torch
from diffusers import UNet2DModel
from torch import Tensor, nn
from torch.nn import functional

from ctstudio.diffusion.schedules import noised
from ctstudio.systems.na_diff.conditions import LabelGroups, mask_condition, occupancy
from ctstudio.systems.na_diff.config import NaDiffConfig

SCALE = 0.5
"""Shares of 0 and 1 become -0.5 and 0.5: so the layout is decided over half of the timesteps rather than a third."""


class LayoutNetwork(nn.Module):
    """A small U-Net at latent resolution: noised layout and known labels in, class scores out."""

    def __init__(self, config: NaDiffConfig) -> None:
        super().__init__()
        self.side = config.latent_side
        groups, attentive = len(config.label_groups), 2
        plain = len(config.layout) - attentive
        self.unet = UNet2DModel(
            sample_size=self.side,
            in_channels=3 * groups + 1,
            out_channels=groups + 1,
            layers_per_block=1,
            block_out_channels=config.layout,
            down_block_types=("DownBlock2D",) * plain + ("AttnDownBlock2D",) * attentive,
            up_block_types=("AttnUpBlock2D",) * attentive + ("UpBlock2D",) * plain,
            norm_num_groups=8,
            attention_head_dim=32,
        )

    def forward(self, x_t: Tensor, timesteps: Tensor, known: Tensor) -> Tensor:
        """Name each latent pixel.

        Args:
            x_t: (B, G + 1, side, side) noised layout, background first.
            timesteps: (B,) in [0, 1000).
            known: (B, 2 G, side, side) from `mask_condition`.

        Returns:
            (B, G + 1, side, side) scores before the softmax.
        """
        return self.unet(torch.cat([x_t, known], dim=1), timesteps).sample  # type: ignore[no-any-return]


def as_layout(probabilities: Tensor) -> Tensor:
    """Probabilities (B, G + 1, side, side) as values of x_0."""
    return SCALE * (2 * probabilities - 1)


def layout_loss(
    network: LayoutNetwork, labels: Tensor, given: Tensor, groups: LabelGroups, timesteps: Tensor, noise: Tensor
) -> Tensor:
    """Cross-entropy against the part of each latent pixel that each class covers.

    Findings count as what they are part of: the network never invents one.

    Args:
        network: The layout network.
        labels: (B, 256, 256) uint8.
        given: (B, G) bool, what the network is told.
        groups: The tables.
        timesteps: (B,) in [0, 1000).
        noise: (B, G + 1, side, side) standard normal.

    Returns:
        Scalar.
    """
    factor = labels.shape[-1] // network.side
    target = occupancy(
        groups.parents.to(labels.device)[labels.long()], len(groups.names) + 1, factor
    )  # (B, G + 1, side, side)
    x_0 = as_layout(target)
    x_t = noised(x_0, noise, timesteps)  # (B, G + 1, side, side)
    known = mask_condition(labels, given, factor, groups)
    return functional.cross_entropy(network(x_t, timesteps, known).float(), target)
