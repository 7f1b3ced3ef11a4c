"""Random numbers that depend on a seed and a purpose, and on nothing else."""

from __future__ import annotations

import hashlib

import numpy as np

TRAINING_SEEDS = range(0, 10_000)
"""Phantom seeds that training may use; seeds from 10 000 on are held out."""


def stream(seed: int, *purpose: str | int) -> np.random.Generator:
    """A generator of its own for each seed and purpose, independent of call order and platform."""
    return np.random.Generator(np.random.PCG64(derived(seed, *purpose)))


def derived(seed: int, *purpose: str | int) -> int:
    """A 63-bit seed for one purpose of a seed."""
    text = "/".join(str(part) for part in (seed, *purpose))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "little") >> 1
