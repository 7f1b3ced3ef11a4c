"""Classifier-free guidance."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor


def guided(conditional: Callable[[], Tensor], unconditional: Callable[[], Tensor], scale: float) -> Tensor:
    """Unconditional + scale * (conditional - unconditional); one network call when the scale is 1.

    Source: Ho and Salimans 2022.
    """
    if scale == 1.0:
        return conditional()
    free = unconditional()
    return free + scale * (conditional() - free)
