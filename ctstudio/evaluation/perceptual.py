"""How different two images of a pair look to a network: LPIPS from local files, or the same with a model's own VAE."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ctstudio.core.errors import WeightMismatch
from ctstudio.systems.na_diff.weights import NaDiffModel

BACKBONES: dict[str, tuple[str, str, tuple[int, ...]]] = {
    "alexnet": ("alexnet-owt-7be5be79.pth", "alex.pth", (2, 5, 8, 10, 12)),
    "vgg16": ("vgg16-397923af.pth", "vgg.pth", (4, 9, 16, 23, 30)),
}
"""torchvision's file, that of LPIPS 0.1 with its learnt weights, and where the features are cut into five stages."""

_SHIFT, _SCALE = (-0.030, -0.088, -0.188), (0.458, 0.448, 0.450)


@dataclass(frozen=True)
class Perceptual:
    """A perceptual distance.

    Attributes:
        name: As tables print it.
        published: Whether figures may be compared with published ones.
        distance: Two grey images (y, x), 0 to 255, of one size, to a number of at least 0.
    """

    name: str
    published: bool
    distance: Callable[[NDArray[np.uint8], NDArray[np.uint8]], float]


def lpips(weights: Path, backbone: str) -> Perceptual:
    """LPIPS 0.1 from torchvision's network and LPIPS's learnt weights.

    Args:
        weights: Folder with both files of `BACKBONES`.
        backbone: "alexnet" or "vgg16".

    Raises:
        WeightMismatch: A file is damaged or does not fit.

    Source: Zhang et al. 2018.
    """
    network, heads = (weights / file for file in BACKBONES[backbone][:2])
    stages = _stages(backbone, network)
    try:
        learnt = torch.load(heads, map_location="cpu", weights_only=True)
        lines = [learnt[f"lin{stage}.model.1.weight"].float() for stage in range(len(stages))]  # (1, C, 1, 1) each
    except (OSError, KeyError, RuntimeError, ValueError) as error:
        raise WeightMismatch(
            f"{heads} does not hold the weights of LPIPS.", "Give LPIPS's file.", str(error)
        ) from error
    shift, scale = (torch.tensor(each).view(1, 3, 1, 1) for each in (_SHIFT, _SCALE))

    def features(image: NDArray[np.uint8]) -> list[Tensor]:
        x = (_unit(image).expand(-1, 3, -1, -1) - shift) / scale
        return [x := stage(x) for stage in stages]

    return Perceptual(f"LPIPS, {backbone}", True, lambda a, b: _compared(features(a), features(b), lines))


def phantom_perceptual(model: NaDiffModel) -> Perceptual:
    """The distance of LPIPS, without learnt weights, in the features of a model's own VAE encoder."""
    encoder = model.vae.encoder

    def features(image: NDArray[np.uint8]) -> list[Tensor]:
        x = encoder.conv_in(_unit(image).expand(-1, model.config.image_channels, -1, -1).to(model.device))
        return [x := block(x) for block in encoder.down_blocks]

    name = f"phantom VAE encoder ({model.info.name})"
    return Perceptual(name, False, lambda a, b: _compared(features(a), features(b), None))


@torch.no_grad()
def _compared(a: list[Tensor], b: list[Tensor], lines: list[Tensor] | None) -> float:
    """Squared differences of features of length 1, weighted, averaged over the image, summed over the stages."""
    total = 0.0
    for stage, (x, y) in enumerate(zip(a, b, strict=True)):
        difference = (_of_length_one(x) - _of_length_one(y)) ** 2  # (1, C, h, w)
        if lines is not None:
            difference = difference * lines[stage]
        total += float(difference.sum(dim=1).mean())
    return total if lines is not None else total / len(a)


def _of_length_one(features: Tensor) -> Tensor:
    return features / (features.square().sum(dim=1, keepdim=True).sqrt() + 1e-10)


def _unit(image: NDArray[np.uint8]) -> Tensor:
    """(1, 1, y, x) in [-1, 1]."""
    return torch.from_numpy(image.astype(np.float32) / 127.5 - 1.0)[None, None]


def _stages(backbone: str, file: Path) -> list[nn.Module]:
    import torchvision

    layers = getattr(torchvision.models, backbone)(weights=None).features
    try:
        state = torch.load(file, map_location="cpu", weights_only=True)
        layers.load_state_dict({k.removeprefix("features."): v for k, v in state.items() if k.startswith("features.")})
    except (OSError, RuntimeError, ValueError) as error:
        raise WeightMismatch(
            f"{file} does not fit torchvision's {backbone}.", "Give torchvision's own file.", str(error)
        ) from error
    layers.eval().requires_grad_(False)
    return [layers[begin:end] for begin, end in pairwise((0, *BACKBONES[backbone][2]))]
