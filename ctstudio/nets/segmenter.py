"""A small 2D U-Net that names what a slice shows, used to measure generated slices."""

from __future__ import annotations

import torch
from monai.networks.nets import BasicUNet
from torch import Tensor, nn
from torch.nn import functional


def build_segmenter(features: tuple[int, ...], groups: int) -> BasicUNet:
    """MONAI's BasicUNet for one-channel slices, background and `groups` classes, weights random."""
    return BasicUNet(spatial_dims=2, in_channels=1, out_channels=groups + 1, features=features, norm="batch")


class AtPixelSize(nn.Module):
    """A segmenter that sees slices at the pixel size it was trained with, whatever theirs is.

    Args:
        segmenter: From `build_segmenter`.
        enlarge: The slices' pixel size over the one that the segmenter was trained with.
    """

    def __init__(self, segmenter: BasicUNet, enlarge: float) -> None:
        super().__init__()
        self.segmenter, self.enlarge = segmenter, enlarge

    def forward(self, image: Tensor) -> Tensor:
        """(B, 1, H, W) in [-1, 1] to (B, groups + 1, H, W) scores."""
        if abs(self.enlarge - 1.0) < 0.01:
            return self.segmenter(image)
        size = [round(side * self.enlarge) for side in image.shape[-2:]]
        scores = self.segmenter(functional.interpolate(image, size=size, mode="bilinear"))
        return functional.interpolate(scores, size=image.shape[-2:], mode="bilinear")


@torch.no_grad()
def segment(segmenter: nn.Module, image: Tensor) -> Tensor:
    """Class of each pixel: (B, 1, H, W) in [-1, 1] to (B, H, W) int64, 0 = background, else group + 1."""
    return torch.cat([segmenter(part).argmax(dim=1) for part in image.split(4)])
