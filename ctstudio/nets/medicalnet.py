"""MedicalNet's 3D ResNets, whose pooled features 3D generators are judged by."""

from __future__ import annotations

from pathlib import Path

import torch
from monai.networks.nets import ResNet
from torch import Tensor, nn

from ctstudio.core.errors import WeightMismatch
from ctstudio.nets.checkpoint_file import read_checkpoint

BLOCKS: dict[int, tuple[str, tuple[int, int, int, int]]] = {
    10: ("basic", (1, 1, 1, 1)),
    50: ("bottleneck", (3, 4, 6, 3)),
}
"""Depths that are known, each with its block and how many of them a layer has."""

DILATIONS = {"layer3": 2, "layer4": 4}
"""The last two layers keep their resolution and look further apart instead. Source: MedicalNet's resnet.py."""


def build_medicalnet(depth: int) -> ResNet:
    """MONAI's ResNet with MedicalNet's strides and dilations, one channel in, pooled features out; weights random.

    The plain ResNet has the same keys and shapes and would load the same file without a word, for other features.

    Raises:
        WeightMismatch: A depth that nobody published.
    """
    if depth not in BLOCKS:
        raise WeightMismatch(f"There is no MedicalNet of depth {depth}.", f"Known are {', '.join(map(str, BLOCKS))}.")
    block, layers = BLOCKS[depth]
    network = ResNet(
        block=block,
        layers=list(layers),
        block_inplanes=[64, 128, 256, 512],
        spatial_dims=3,
        n_input_channels=1,
        conv1_t_stride=2,
        shortcut_type="B",
        feed_forward=False,
        bias_downsample=False,
    )
    for name, dilation in DILATIONS.items():
        for part in getattr(network, name).modules():
            if isinstance(part, nn.Conv3d):
                part.stride = (1, 1, 1)
                if part.kernel_size == (3, 3, 3):
                    part.dilation = part.padding = (dilation, dilation, dilation)
    return network.eval()


def load_medicalnet(path: Path) -> ResNet:
    """A MedicalNet from its published file, strictly.

    Raises:
        UnreadableFile, WeightMismatch: The file is no checkpoint, or of another network; names the keys.
    """
    state = read_checkpoint(path).tensors
    network = build_medicalnet(50 if any(".conv3." in key for key in state) else 10)
    own = network.state_dict()
    wrong = [f"{key} is missing" for key in own if key not in state]
    wrong += [f"{key} is unknown" for key in state if key not in own]
    wrong += [f"{k} has shape {tuple(state[k].shape)}" for k in own if k in state and state[k].shape != own[k].shape]
    if wrong:
        raise WeightMismatch(
            f"{path} is no MedicalNet: {'; '.join(wrong[:5])}.",
            "Give resnet_50_23dataset.pth, resnet_50.pth or resnet_10.pth of MedicalNet.",
            "\n".join(wrong),
        )
    network.load_state_dict(state)
    return network.eval().requires_grad_(False)


@torch.no_grad()
def medicalnet_features(network: nn.Module, volume: Tensor) -> Tensor:
    """(B, 1, D, H, W) of any values to (B, features): each volume to mean 0 and SD 1, then pooled.

    Source: MedicalNet's normalisation. Differs: over all voxels, since a CT in HU has no voxels that mean "outside".
    """
    flat = volume.flatten(1)
    spread = flat.std(dim=1).clamp(min=1e-6)[:, None, None, None, None]
    seen = (volume - flat.mean(dim=1)[:, None, None, None, None]) / spread
    return network(seen)
