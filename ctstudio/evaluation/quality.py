"""How good a single image is: the LDCT-IQA network from a local file, or the edge-to-noise index."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from ctstudio.core.errors import WeightMismatch
from ctstudio.core.windows import Window
from ctstudio.measure.edge_to_noise import edge_to_noise_db

IQA_FILE = "ldct-iqa.pt"
IQA_SIDE = 512
IQA_WINDOW = Window(-300.5, 1399.0)
"""Centre -300, width 1400, by the rule of DICOM: half a unit to the left, one less wide."""

HEADS, CLASSES = 4, 21
"""Four opinions, each over scores from 0 to 4 in steps of 0.2."""

_MEAN, _STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


@dataclass(frozen=True)
class Quality:
    """A figure of image quality, higher is better.

    Attributes:
        name: As tables print it.
        unit: Of its values.
        published: Whether figures may be compared with published ones.
        score: (y, x) HU to a number.
    """

    name: str
    unit: str
    published: bool
    score: Callable[[NDArray[np.float32]], float]


EDGE_TO_NOISE = Quality("edge-to-noise index, not LDCT-IQA", "dB", False, edge_to_noise_db)
"""What stands in for a learnt figure."""


class QualityNetwork(nn.Module):
    """torchvision's Swin-T with four heads, whose opinions are averaged.

    Source: LDCTIQAC 2023 (Lee et al. 2025), the layout of `ldct-iqa.pt` of ldct-benchmark.
    """

    def __init__(self) -> None:
        from torchvision.models import swin_t

        super().__init__()
        self.model = swin_t(weights=None)
        width = self.model.head.in_features
        self.model.head = nn.Identity()
        self.heads = nn.ModuleList(nn.Linear(width, CLASSES) for _ in range(HEADS))

    def forward(self, picture: Tensor) -> Tensor:
        """(B, 3, 512, 512) normalised pictures to (B, 21) probabilities of the scores."""
        seen = self.model(picture)  # (B, 768)
        return torch.stack([head(seen).softmax(dim=-1) for head in self.heads]).mean(dim=0)  # (B, 21)


def ldct_iqa(path: Path) -> Quality:
    """The LDCT-IQA score, 0 (bad) to 4 (excellent).

    Raises:
        WeightMismatch: The file does not hold this network.
    """
    network = QualityNetwork()
    try:
        network.load_state_dict(torch.load(path, map_location="cpu", weights_only=True)["model_state_dict"])
    except (OSError, KeyError, TypeError, RuntimeError, ValueError) as error:
        raise WeightMismatch(
            f"{path} does not hold the LDCT-IQA network.", f"Give {IQA_FILE} of ldct-benchmark.", str(error)
        ) from error
    network.eval().requires_grad_(False)
    return Quality("LDCT-IQA", "0 to 4", True, lambda image_hu: float(network(iqa_picture(image_hu)).argmax()) / 5.0)


def iqa_picture(image_hu: NDArray[np.float32]) -> Tensor:
    """(1, 3, 512, 512): a slice in HU windowed, normalised as ImageNet was, and resized when it has another size."""
    unit = torch.from_numpy((IQA_WINDOW.to_unit(image_hu) + 1.0) / 2.0)[None, None]
    if unit.shape[-2:] != (IQA_SIDE, IQA_SIDE):
        unit = functional.interpolate(unit, size=(IQA_SIDE, IQA_SIDE), mode="bilinear", align_corners=False)
    mean, std = (torch.tensor(each).view(1, 3, 1, 1) for each in (_MEAN, _STD))
    return (unit.expand(-1, 3, -1, -1) - mean) / std
