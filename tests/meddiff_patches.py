"""Random patches for MedDiff-FM's networks, and networks that hear all that they are told."""

from __future__ import annotations

from typing import TypeVar

import torch
from torch import Tensor, nn

from ctstudio.systems.meddiff_fm.config import MeddiffConfig
from tiny_meddiff import CONFIG

TINY = MeddiffConfig.model_validate({**CONFIG, "controls": []})
FOLDED = TINY.model_copy(update={"fold": 2})
Network = TypeVar("Network", bound=nn.Module)


def awake(network: Network, seed: int = 0) -> Network:
    """The same network, frozen, with weights everywhere: new ones are zero here and there, and hide what is told."""
    generator = torch.Generator().manual_seed(seed)
    for weights in network.parameters():
        with torch.no_grad():
            weights.add_(0.1 * torch.randn(weights.shape, generator=generator))
    return network.eval().requires_grad_(False)


def given(config: MeddiffConfig, batch: int = 2) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    """x_t, timesteps, coordinates, anatomy, region."""
    generator = torch.Generator().manual_seed(1)
    cube = (config.patch,) * 3
    return (
        torch.randn(batch, 1, *cube, generator=generator),
        torch.randint(0, 1000, (batch,), generator=generator),
        torch.rand(batch, 3, *cube, generator=generator) * 2 - 1,
        torch.randint(0, config.classes, (batch, *cube), generator=generator, dtype=torch.uint8),
        torch.arange(batch) % 3,
    )


def lesions(config: MeddiffConfig, batch: int = 2) -> Tensor:
    """(B, 1, p, p, p), 0 or 1."""
    cube = (config.patch,) * 3
    return (torch.rand(batch, 1, *cube, generator=torch.Generator().manual_seed(2)) > 0.8).float()
