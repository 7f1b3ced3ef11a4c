"""Leaving a network call in the middle."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest
import torch
from torch import Tensor

from ctstudio.diffusion.interruptible import interruptible


def _slow(passed: list[int], seconds: float = 5.0) -> Iterator[Tensor]:
    """Two steps of a hundred operations each."""
    for step in range(2):
        x = torch.ones(4)
        for _ in range(100):
            time.sleep(seconds / 100)
            x = x + 1
            passed.append(step)
        yield x


@torch.no_grad()
def _frozen() -> Iterator[bool]:
    yield torch.is_grad_enabled()
    yield torch.is_grad_enabled()


def test_all_steps_come_with_their_values() -> None:
    done = [step for step in interruptible(_slow([], seconds=0.1)) if step is not None]
    assert [step[0].item() for step in done] == [101.0, 101.0]


def test_a_long_step_gives_signs_of_life() -> None:
    assert list(interruptible(_slow([], seconds=1.3))).count(None) >= 2


def test_a_step_at_work_is_left_at_once() -> None:
    passed: list[int] = []
    steps = interruptible(_slow(passed))
    assert next(steps) is None
    began = time.monotonic()
    steps.close()
    assert time.monotonic() - began < 0.5
    assert 0 < len(passed) < 50
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("ctstudio-step")]


def test_what_goes_wrong_comes_to_the_one_who_asked() -> None:
    def wrong() -> Iterator[Tensor]:
        yield torch.ones(1)
        yield torch.ones(2) + torch.ones(3)

    steps = interruptible(wrong())
    assert next(steps) is not None
    with pytest.raises(RuntimeError, match="size"):
        list(steps)


def test_grad_mode_is_the_iterators_own() -> None:
    assert [step for step in interruptible(_frozen()) if step is not None] == [False, False]
    assert torch.is_grad_enabled()
