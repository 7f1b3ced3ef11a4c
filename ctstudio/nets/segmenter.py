"""A small 2D U-Net that names what a slice shows, used to measure generated slices."""

from __future__ import annotations

import torch
from monai.networks.nets import BasicUNet
from torch import Tensor


def build_segmenter(features: tuple[int, ...], groups: int) -> BasicUNet:
    """MONAI's BasicUNet for one-channel slices, background and `groups` classes, weights random."""
    return BasicUNet(spatial_dims=2, in_channels=1, out_channels=groups + 1, features=features, norm="batch")


@torch.no_grad()
def segment(segmenter: BasicUNet, image: Tensor) -> Tensor:
    """Class of each pixel: (B, 1, H, W) in [-1, 1] to (B, H, W) int64, 0 = background, else group + 1."""
    return torch.cat([segmenter(part).argmax(dim=1) for part in image.split(4)])
