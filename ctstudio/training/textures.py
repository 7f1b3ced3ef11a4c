"""Pictures made by code that stand in for photographs: dead leaves with textures."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ctstudio.core.seeds import stream

LEAVES = 120
"""Shapes a picture."""

SMALLEST, LARGEST = 0.02, 0.5
"""Radius of a leaf over the picture's side."""


def texture_picture(seed: int, size: int) -> NDArray[np.float32]:
    """One picture, (size, size) grey values in [0, 1], decided by its seed.

    Shapes of all sizes lie over each other, each with its own grey, shading and roughness, so that edges and contrasts
    are spread over scales as in photographs.

    Source: Lee, Mumford and Huang 2001 (dead leaves); roughness with amplitude 1 / frequency (Field 1987). Differs:
    the density of radii falls with r^-2, and large leaves lie below small ones.
    """
    random = stream(seed, "texture")
    y, x = np.meshgrid(*[np.linspace(0.0, 1.0, size, dtype=np.float32)] * 2, indexing="ij")
    rough = [_roughness(random, size) for _ in range(3)]
    picture = _surface(random, x, y, rough)
    for radius in sorted(_radii(random, LEAVES), reverse=True):
        picture = np.where(_leaf(random, x, y, radius), _surface(random, x, y, rough), picture)
    return picture.clip(0.0, 1.0).astype(np.float32)


def _radii(random: np.random.Generator, count: int) -> NDArray[np.float64]:
    """Radii with a density of r^-2 between the two ends."""
    low, high = 1 / SMALLEST, 1 / LARGEST
    return 1 / (low + random.uniform(0, 1, count) * (high - low))


def _surface(
    random: np.random.Generator, x: NDArray[np.float32], y: NDArray[np.float32], rough: list[NDArray[np.float32]]
) -> NDArray[np.float32]:
    """A grey, a shading and a roughness, over the whole picture."""
    grey, (across, down) = random.uniform(0.05, 0.95), random.normal(0.0, 0.25, 2)
    moved = np.roll(rough[random.integers(len(rough))], random.integers(len(x), size=2), (0, 1))
    return (grey + across * (x - 0.5) + down * (y - 0.5) + random.exponential(0.06) * moved).astype(np.float32)


def _leaf(
    random: np.random.Generator, x: NDArray[np.float32], y: NDArray[np.float32], radius: float
) -> NDArray[np.bool_]:
    """An ellipse, a rectangle or a shape between them, anywhere, turned anyhow."""
    middle, angle, flat = random.uniform(-0.1, 1.1, 2), random.uniform(0, np.pi), random.uniform(0.3, 1.0)
    cos, sin = np.float32(np.cos(angle)), np.float32(np.sin(angle))
    dx, dy = x - np.float32(middle[0]), y - np.float32(middle[1])
    along, across = np.abs(cos * dx + sin * dy) / radius, np.abs(cos * dy - sin * dx) / (radius * flat)
    power = float(random.choice([2.0, 2.0, 4.0, 20.0]))
    return (along.clip(0, 2) ** power + across.clip(0, 2) ** power) <= 1.0


def _roughness(random: np.random.Generator, size: int) -> NDArray[np.float32]:
    """Noise whose amplitude falls as 1 / frequency, SD 1."""
    frequency = np.hypot(np.fft.fftfreq(size)[:, None], np.fft.rfftfreq(size)[None])
    frequency[0, 0] = np.inf
    spectrum = np.fft.rfft2(random.standard_normal((size, size))) / frequency
    field = np.fft.irfft2(spectrum, s=(size, size))
    return (field / field.std()).astype(np.float32)
