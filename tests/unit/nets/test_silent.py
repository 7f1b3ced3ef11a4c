"""Layers that add nothing until they have learned."""

from __future__ import annotations

import torch
from torch import nn

from ctstudio.nets.silent import silent


def test_a_silent_layer_says_nothing_and_can_learn() -> None:
    inner = nn.Conv2d(2, 4, 1)
    layer = nn.Sequential(inner, nn.SiLU(), silent(nn.Conv2d(4, 3, 3, padding=1)))
    said = layer(torch.randn(1, 2, 5, 5))
    assert not said.any()
    (said - 1).square().mean().backward()
    assert layer[2].weight.grad is not None
    assert layer[2].weight.grad.any()


def test_it_is_the_same_layer() -> None:
    layer = nn.Linear(3, 2)
    assert silent(layer) is layer
