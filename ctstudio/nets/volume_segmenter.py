"""A small 3D U-Net that names every voxel of a volume, while it computes at half the resolution."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from monai.networks.nets import BasicUNet
from monai.networks.utils import pixelshuffle, pixelunshuffle
from torch import Tensor, nn
from torch.nn import functional

from ctstudio.nets.silent import silent

FOLD = 2
"""Voxels along each axis that become channels of one."""

SLAB = 16
"""Slices that the look sees at once: bounds its memory."""

HIDDEN = 48
"""Channels of the look at each voxel."""

LOCAL = 6
"""Numbers of `local_features`."""


class VolumeSegmenter(nn.Module):
    """MONAI's BasicUNet between a folding of 2 x 2 x 2 voxels into channels and its undoing, then a look at each voxel.

    All convolutions run at half the resolution, an eighth of the work: they tell where in the body a voxel is. The
    look, the same small network for every voxel, sees these scores and the grey values around, so that borders are
    sharp and branches of one voxel's width are not lost. Until it is trained it changes nothing.

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
        last = silent(nn.Conv3d(HIDDEN, classes, 1))
        self.look = nn.Sequential(
            nn.Conv3d(classes + LOCAL, HIDDEN, 1), nn.SiLU(), nn.Conv3d(HIDDEN, HIDDEN, 1), nn.SiLU(), last
        )

    def folded(self, image: Tensor) -> Tensor:
        """(B, 1, D, H, W) in [-1, 1], sides multiples of 32, to scores before the look (B, classes * 8, D/2, ...)."""
        return self.net(pixelunshuffle(image, 3, FOLD))

    def seen(self, image: Tensor) -> Tensor:
        """(B, 1, D, H, W) in [-1, 1], sides multiples of 32, to what the look sees (B, classes + LOCAL, D, H, W)."""
        return torch.cat([pixelshuffle(self.folded(image), 3, FOLD), local_features(image)], dim=1)

    def named(self, seen: Tensor) -> Tensor:
        """What the look sees (B, classes + LOCAL, D, H, W) to scores (B, classes, D, H, W)."""
        return seen[:, :-LOCAL] + self.look(seen)

    def forward(self, image: Tensor) -> Tensor:
        """(B, 1, D, H, W) in [-1, 1], sides multiples of 32, to scores (B, classes, D, H, W), slab by slab."""
        slabs = self.seen(image).split(SLAB, dim=2)
        return torch.cat([self.named(slab) for slab in slabs], dim=2)

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


def local_features(image: Tensor) -> Tensor:
    """Grey values around each voxel, (B, 1, D, H, W) to (B, 6, D, H, W).

    Its own; mean, highest and lowest of 3 x 3 x 3 voxels; mean of 7 x 7 x 7; and highest of the lowest of 3 x 3 x 3,
    which thin branches do not survive.
    """
    high, low = _highest(image), -_highest(-image)
    return torch.cat([image, _mean(image, 3), high, low, _mean(image, 7), _highest(low)], dim=1)


def _mean(image: Tensor, edge: int) -> Tensor:
    """Means over cubes, what lies beyond the image left out; one axis after the other, which is the same and faster."""
    for kernel in _along_each_axis(edge):
        pad = [k // 2 for k in kernel]
        image = functional.avg_pool3d(image, kernel, 1, pad, count_include_pad=False)
    return image


def _highest(image: Tensor) -> Tensor:
    for kernel in _along_each_axis(3):
        image = functional.max_pool3d(image, kernel, 1, [k // 2 for k in kernel])
    return image


def _along_each_axis(edge: int) -> tuple[tuple[int, int, int], ...]:
    return (edge, 1, 1), (1, edge, 1), (1, 1, edge)
