"""Every test its own accelerator, on the CPU."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from accelerate.state import AcceleratorState


@pytest.fixture(autouse=True)
def _forget_the_accelerator() -> Iterator[None]:
    """A process keeps one state for all its accelerators, with one precision."""
    yield
    AcceleratorState._reset_state(reset_partial_state=True)
