"""Long network calls that can be left at once, and that give signs of life while they last."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from typing import Any, TypeVar

import torch
from torch.overrides import TorchFunctionMode

SIGN_SECONDS = 0.5
"""Time between two signs of life."""

T = TypeVar("T")


class _NobodyWaits(Exception):
    """The step is not wanted any more."""


class _Looking(TorchFunctionMode):
    """Before everything that torch is asked to do in this thread, look whether anybody still waits for it."""

    def __init__(self, left: threading.Event) -> None:
        super().__init__()
        self._left = left

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Sequence[type],
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        """Do what was asked, unless nobody waits."""
        if self._left.is_set():
            raise _NobodyWaits
        return func(*args, **(kwargs or {}))


def interruptible(steps: Iterator[T]) -> Generator[T | None, None, None]:
    """The steps of an iterator that calls networks, worked out in a thread of its own.

    When the generator is closed, a network at work stops after the operation that it is at.

    Args:
        steps: What is worked out, one after the other; it sets grad mode and autocast itself.

    Yields:
        Each step when it is done, and None about twice a second while one lasts.
    """
    left = threading.Event()

    def step() -> T | None:
        with _Looking(left):
            return next(steps, None)

    with ThreadPoolExecutor(1, "ctstudio-step") as worker:
        try:
            while True:
                coming = worker.submit(step)
                while wait([coming], timeout=SIGN_SECONDS).not_done:
                    yield None
                done = coming.result()
                if done is None:
                    return
                yield done
        finally:
            left.set()


def watched(steps: Iterator[T], device: torch.device) -> Generator[T | None, None, None]:
    """The steps of an iterator that calls networks, as the device wants them taken.

    On a processor a step may take long, so that it must be possible to leave it. On CUDA each is waited for, or steps
    would be counted before they are done.

    Yields:
        As `interruptible`.
    """
    if device.type == "cpu":
        yield from interruptible(steps)
        return
    for step in steps:
        torch.cuda.synchronize(device)
        yield step
