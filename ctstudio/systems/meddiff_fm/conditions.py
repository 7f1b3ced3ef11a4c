"""What the networks are told beside the noisy volume: position, anatomy, region.

None of it changes from step to step, so the first convolution is cut in two: the half that sees the conditions is
computed once for each patch, the half that sees the noisy volume at every step.
Source: MedDiff-FM, sections 3.2 and 3.3. How anatomy is encoded is not said there; an embedding for each voxel is the
same as one-hot channels and a convolution of one voxel, in a tenth of the memory.
"""

from __future__ import annotations

import torch
from monai.networks.utils import pixelunshuffle
from torch import Tensor, nn
from torch.nn import functional

from ctstudio.catalog.meddiff_regions import REGIONS
from ctstudio.systems.meddiff_fm.config import MeddiffConfig
from ctstudio.systems.meddiff_fm.positions import encoded


class Conditions(nn.Module):
    """Position and anatomy as channels, region as a token."""

    def __init__(self, config: MeddiffConfig) -> None:
        super().__init__()
        self.config = config
        self.anatomy = nn.Embedding(config.classes, config.anatomy_width)
        self.region = nn.Embedding(len(REGIONS), config.context)

    def channels(self, coordinates: Tensor, anatomy: Tensor) -> Tensor:
        """What stands beside the noisy volume.

        Args:
            coordinates: (B, 3, p, p, p) in [-1, 1], x before y before z.
            anatomy: (B, p, p, p) uint8 or int64, 0 to 118.

        Returns:
            (B, condition_channels, q, q, q) with q = p / fold.
        """
        fold = self.config.fold
        places = functional.avg_pool3d(coordinates, fold) if fold > 1 else coordinates  # (B, 3, q, q, q)
        classes = self.anatomy(anatomy.long()).movedim(-1, 1)  # (B, width, p, p, p)
        return torch.cat([encoded(places, self.config.frequencies), folded(classes, fold)], dim=1)  # (B, C, q, q, q)

    def token(self, region: Tensor) -> Tensor:
        """Regions (B,) int64 as a context of one token, (B, 1, context)."""
        return self.region(region)[:, None]


def constant_half(conv: nn.Conv3d, channels: Tensor) -> Tensor:
    """What the first convolution makes of the conditions (B, C, q, q, q), its last input channels, and of its bias."""
    weight = conv.weight[:, conv.in_channels - channels.shape[1] :]
    return functional.conv3d(channels.to(weight.dtype), weight, conv.bias, padding=1)  # (B, width, q, q, q)


def changing_half(conv: nn.Conv3d, x_t: Tensor) -> Tensor:
    """What the first convolution makes of the noisy volume (B, C, q, q, q), its first input channels."""
    weight = conv.weight[:, : x_t.shape[1]]
    return functional.conv3d(x_t.to(weight.dtype), weight, padding=1)  # (B, width, q, q, q)


def folded(volume: Tensor, fold: int) -> Tensor:
    """(B, C, p, p, p) to (B, C fold^3, p / fold, ...)."""
    return pixelunshuffle(volume, 3, fold) if fold > 1 else volume
