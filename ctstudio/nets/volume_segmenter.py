"""A small 3D U-Net that names every voxel of a volume, while it computes at half the resolution."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from monai.networks.nets import BasicUNet
from monai.networks.utils import pixelshuffle, pixelunshuffle
from torch import Tensor, nn

FOLD = 2
"""Voxels along each axis that become channels of one."""

HIDDEN = 24
"""Channels of the look at each voxel."""


class VolumeSegmenter(nn.Module):
    """MONAI's BasicUNet between a folding of 2 x 2 x 2 voxels into channels and its undoing, and a look at each voxel.

    All convolutions run at half the resolution, an eighth of the work. Then each voxel's own grey value corrects its
    scores, so that branches of one voxel's width are not lost.

    Args:
        features: Widths of the levels, as in BasicUNet.
        classes: Channels of the scores.
    """

    def __init__(self, features: Sequence[int], classes: int) -> None:
        super().__init__()
        cells = FOLD**3
        self.net = BasicUNet(
            spatial_dims=3,
            in_channels=cells,
            out_channels=cells * classes,
            features=tuple(features),
            norm=("group", {"num_groups": 4}),
        )
        last = nn.Conv3d(HIDDEN, classes, 1)
        for weights in last.parameters():
            nn.init.zeros_(weights)
        self.look = nn.Sequential(nn.Conv3d(classes + 1, HIDDEN, 1), nn.SiLU(), last)

    def folded(self, image: Tensor) -> Tensor:
        """(B, 1, D, H, W) in [-1, 1], sides multiples of 32, to scores (B, classes, 8, D/2, H/2, W/2)."""
        cells = pixelunshuffle(image, 3, FOLD)  # (B, 8, D/2, H/2, W/2)
        scores = self.net(cells).unflatten(1, (-1, FOLD**3))  # (B, classes, 8, D/2, H/2, W/2)
        seen = torch.cat([scores, cells[:, None].to(scores.dtype)], dim=1).flatten(2, 3)  # (B, classes + 1, 4 D, ...)
        return scores + self.look(seen).unflatten(2, (FOLD**3, -1))  # (B, classes, 8, D/2, H/2, W/2)

    def forward(self, image: Tensor) -> Tensor:
        """(B, 1, D, H, W) in [-1, 1], sides multiples of 32, to scores (B, classes, D, H, W)."""
        return pixelshuffle(self.folded(image).flatten(1, 2), 3, FOLD)

    @torch.no_grad()
    def pooled(self, image: Tensor) -> Tensor:
        """(B, 1, D, H, W) in [-1, 1] to (B, 2 F): mean and SD of each of the F features on the way down."""
        x = pixelunshuffle(image, 3, FOLD)
        levels = []
        for level in (self.net.conv_0, self.net.down_1, self.net.down_2, self.net.down_3, self.net.down_4):
            x = level(x)
            levels.append(x.flatten(2))
        return torch.cat(
            [level.mean(dim=2) for level in levels] + [level.std(dim=2, correction=0) for level in levels], dim=1
        )
