"""Classifier-free guidance."""

from __future__ import annotations

import torch
from torch import Tensor

from ctstudio.diffusion.guidance import guided


class Counted:
    """An answer that counts how often it is asked for."""

    def __init__(self, value: float) -> None:
        self.calls, self.value = 0, torch.tensor([value])

    def __call__(self) -> Tensor:
        self.calls += 1
        return self.value


def test_a_scale_of_one_asks_the_network_once() -> None:
    told, free = Counted(3.0), Counted(1.0)
    assert guided(told, free, 1.0).item() == 3.0
    assert (told.calls, free.calls) == (1, 0)


def test_a_larger_scale_goes_beyond_the_condition() -> None:
    told, free = Counted(3.0), Counted(1.0)
    assert guided(told, free, 2.5).item() == 1.0 + 2.5 * 2.0
    assert (told.calls, free.calls) == (1, 1)


def test_a_scale_of_zero_is_the_free_answer() -> None:
    assert guided(Counted(3.0), Counted(1.0), 0.0).item() == 1.0
