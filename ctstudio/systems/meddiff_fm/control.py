"""The ControlNet of one kind of lesion: a trained copy of the denoiser's way down that hears where the lesion is.

Source: MedDiff-FM, section 3.2 (zero convolutions, target encoder); Zhang et al. 2023 (ControlNet).
Differs: Zhang's encoder of the picture halves it three times, for latents. Here volume and lesion have the same voxels,
so nothing is halved.
"""

from __future__ import annotations

from monai.networks.nets import ControlNet
from torch import Tensor, nn

from ctstudio.nets.silent import silent
from ctstudio.systems.meddiff_fm.conditions import Conditions, changing_half, constant_half, folded
from ctstudio.systems.meddiff_fm.config import MeddiffConfig
from ctstudio.systems.meddiff_fm.network import Denoiser, Steering, descended, time_embedding, trunk

_WIDTHS = (16, 16, 32)
"""Of the target encoder."""


class LesionControl(nn.Module):
    """Steers a denoiser; says nothing at all until it is trained."""

    def __init__(self, config: MeddiffConfig) -> None:
        super().__init__()
        self.config = config
        self.conditions = Conditions(config)
        self.net = ControlNet(**trunk(config), conditioning_embedding_num_channels=_WIDTHS[:1])
        self.net.controlnet_cond_embedding = _target_encoder(config)

    def begin_as(self, denoiser: Denoiser) -> None:
        """Copy the denoiser's conditions, first convolution, way down and middle."""
        self.conditions.load_state_dict(denoiser.conditions.state_dict())
        own, theirs = self.net.state_dict(), denoiser.unet.state_dict()
        self.net.load_state_dict({key: theirs.get(key, value) for key, value in own.items()})

    def hint(self, lesion: Tensor) -> Tensor:
        """What the target encoder makes of lesions (B, 1, p, p, p), 0 or 1: (B, channels[0], q, q, q)."""
        first = next(self.net.controlnet_cond_embedding.parameters())
        return self.net.controlnet_cond_embedding(folded(lesion.to(first.dtype), self.config.fold))  # type: ignore[no-any-return]

    def condition(self, coordinates: Tensor, anatomy: Tensor, lesion: Tensor) -> Tensor:
        """All that is the same at every step: the conditions' half of the first convolution, and the hint.

        Args:
            coordinates: (B, 3, p, p, p) in [-1, 1], x before y before z.
            anatomy: (B, p, p, p) uint8 or int64, 0 to 118.
            lesion: (B, 1, p, p, p), 0 or 1.

        Returns:
            (B, channels[0], q, q, q) with q = p / fold.
        """
        channels = self.conditions.channels(coordinates, anatomy)  # (B, condition_channels, q, q, q)
        return constant_half(self.net.conv_in.conv, channels) + self.hint(lesion)  # (B, channels[0], q, q, q)

    def forward(self, x_t: Tensor, timesteps: Tensor, condition: Tensor, region: Tensor) -> Steering:
        """Steer.

        Args:
            x_t: (B, 1, p, p, p) noisy volume.
            timesteps: (B,) 0 to 999.
            condition: (B, channels[0], q, q, q) from this network's own `condition`.
            region: (B,) int64, numbers in `REGIONS`.

        Returns:
            What `Denoiser.forward` takes as `control`.
        """
        net = self.net
        token = self.conditions.token(region).to(condition.dtype)  # (B, 1, context)
        time = time_embedding(net, timesteps).to(condition.dtype)  # (B, 4 channels[0])
        h = changing_half(net.conv_in.conv, folded(x_t, self.config.fold)) + condition  # (B, channels[0], q, q, q)
        h, skips = descended(net, h, time, token)  # (B, channels[-1], r, r, r)
        h = net.middle_block(hidden_states=h, temb=time, context=token)  # (B, channels[-1], r, r, r)
        joined = [join(skip) for join, skip in zip(net.controlnet_down_blocks, skips, strict=True)]
        return (*joined, net.controlnet_mid_block(h))


def _target_encoder(config: MeddiffConfig) -> nn.Sequential:
    """Three convolutions and a last one that begins at zero; none strides."""
    layers: list[nn.Module] = []
    inside = config.cells
    for width in _WIDTHS:
        layers += [nn.Conv3d(inside, width, 3, padding=1), nn.SiLU()]
        inside = width
    return nn.Sequential(*layers, silent(nn.Conv3d(inside, config.channels[0], 3, padding=1)))
