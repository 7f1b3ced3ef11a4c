"""Networks without memory for their weights, to count and compare keys."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import nn


def on_meta(build: Callable[..., nn.Module], *args: object) -> nn.Module:
    """A network on torch's meta device."""
    with torch.device("meta"):
        return build(*args)
