"""The denoiser: MONAI's 3D U-Net, its first convolution cut in two.

Source: MedDiff-FM, sections 3.2 and 4.1: 32 channels, one residual block, attention at 16 x 16 x 16 of a patch of 128.
The widths of the levels are not said; 1, 2, 4 and 8 times 32 end exactly there.
"""

from __future__ import annotations

from typing import Any

from monai.networks.nets import ControlNet, DiffusionModelUNet
from monai.networks.utils import pixelshuffle
from torch import Tensor, nn

from ctstudio.nets.positions import time_waves
from ctstudio.systems.meddiff_fm.conditions import Conditions, changing_half, constant_half, folded
from ctstudio.systems.meddiff_fm.config import MeddiffConfig

Steering = tuple[Tensor, ...]
"""What a ControlNet adds: to each of the skips from first to last, then to the middle."""


class Denoiser(nn.Module):
    """Predicts what `config.prediction` names, of one patch or several."""

    def __init__(self, config: MeddiffConfig) -> None:
        super().__init__()
        self.config = config
        self.conditions = Conditions(config)
        self.unet = DiffusionModelUNet(**trunk(config), out_channels=config.cells)

    def condition(self, coordinates: Tensor, anatomy: Tensor) -> Tensor:
        """The half of the first convolution that is the same at every step.

        Args:
            coordinates: (B, 3, p, p, p) in [-1, 1], x before y before z.
            anatomy: (B, p, p, p) uint8 or int64, 0 to 118.

        Returns:
            (B, channels[0], q, q, q) with q = p / fold, in the type of the weights.
        """
        return constant_half(self.unet.conv_in.conv, self.conditions.channels(coordinates, anatomy))

    def forward(
        self, x_t: Tensor, timesteps: Tensor, condition: Tensor, region: Tensor, control: Steering | None = None
    ) -> Tensor:
        """Predict.

        Args:
            x_t: (B, 1, p, p, p) noisy volume.
            timesteps: (B,) 0 to 999.
            condition: (B, channels[0], q, q, q) from `condition`.
            region: (B,) int64, numbers in `REGIONS`.
            control: From a `LesionControl`, or None.

        Returns:
            (B, 1, p, p, p) float32.
        """
        net, fold = self.unet, self.config.fold
        token = self.conditions.token(region).to(condition.dtype)  # (B, 1, context)
        time = time_embedding(net, timesteps).to(condition.dtype)  # (B, 4 channels[0])
        h = changing_half(net.conv_in.conv, folded(x_t, fold)) + condition  # (B, channels[0], q, q, q)
        h, skips = descended(net, h, time, token)  # (B, channels[-1], r, r, r)
        h = net.middle_block(hidden_states=h, temb=time, context=token)  # (B, channels[-1], r, r, r)
        if control is not None:
            skips = [skip + added for skip, added in zip(skips, control[:-1], strict=True)]
            h = h + control[-1]  # (B, channels[-1], r, r, r)
        for block in net.up_blocks:
            count = len(block.resnets)
            skips, given = skips[:-count], skips[-count:]
            h = block(hidden_states=h, res_hidden_states_list=given, temb=time, context=token)  # (B, width, ...)
        out = net.out(h).float()  # (B, fold^3, q, q, q)
        return pixelshuffle(out, 3, fold) if fold > 1 else out  # (B, 1, p, p, p)


def trunk(config: MeddiffConfig) -> dict[str, Any]:
    """What MONAI's U-Net and its ControlNet are both built with."""
    return {
        "spatial_dims": 3,
        "in_channels": config.cells + config.condition_channels,
        "num_res_blocks": config.res_blocks,
        "channels": config.channels,
        "attention_levels": config.attention,
        "norm_num_groups": config.groups,
        "num_head_channels": config.head_channels,
        "with_conditioning": True,
        "cross_attention_dim": config.context,
        "use_flash_attention": True,
    }


def time_embedding(net: DiffusionModelUNet | ControlNet, timesteps: Tensor) -> Tensor:
    """Timesteps (B,) as the residual blocks hear them, (B, 4 channels[0]) float32."""
    waves = time_waves(timesteps, net.block_out_channels[0])  # (B, channels[0])
    return net.time_embed(waves)  # type: ignore[no-any-return]  # (B, 4 channels[0])


def descended(
    net: DiffusionModelUNet | ControlNet, h: Tensor, time: Tensor, token: Tensor
) -> tuple[Tensor, list[Tensor]]:
    """The way down from (B, channels[0], q, q, q): the last level (B, channels[-1], r, r, r), and all skips."""
    skips = [h]
    for block in net.down_blocks:
        h, outputs = block(hidden_states=h, temb=time, context=token)  # (B, width, ...)
        skips += outputs
    return h, skips
