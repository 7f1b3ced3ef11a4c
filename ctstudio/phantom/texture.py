"""Smooth random fields: sums of plane waves, which are separable on every grid and so cost one matrix product."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ctstudio.core.seeds import stream

Float = NDArray[np.floating[Any]]


@dataclass(frozen=True)
class Waves:
    """A stationary, nearly Gaussian random field with mean 0.

    Attributes:
        vectors: (W, 3) wave vectors along world (x, y, z), rad/mm.
        phases: (W,) rad.
        amplitudes: (W,), in the unit of the field.
    """

    vectors: NDArray[np.float64]
    phases: NDArray[np.float64]
    amplitudes: NDArray[np.float64]

    @property
    def bound(self) -> float:
        """A value that the field's magnitude practically never exceeds (4 standard deviations)."""
        return float(4.0 * np.sqrt(0.5 * np.sum(self.amplitudes**2)))

    def at(self, x: NDArray[np.floating], y: NDArray[np.floating], z: NDArray[np.floating]) -> NDArray[np.float64]:
        """Field at world points given as three broadcastable arrays, mm."""
        points = np.stack(np.broadcast_arrays(x, y, z), axis=-1).astype(np.float64)
        waves: NDArray[np.float64] = np.cos(points @ self.vectors.T + self.phases) @ self.amplitudes
        return waves


def waves(seed: int, *purpose: str | int, wavelength_mm: float, sd: float, count: int = 24) -> Waves:
    """A random field whose bumps are about `wavelength_mm` apart and whose standard deviation is `sd`."""
    rng = stream(seed, "waves", *purpose)
    direction = rng.normal(size=(count, 3))
    direction /= np.linalg.norm(direction, axis=1, keepdims=True)
    length = 2.0 * np.pi / (wavelength_mm * rng.uniform(0.65, 1.6, (count, 1)))
    amplitude = np.full(count, sd * np.sqrt(2.0 / count))
    return Waves(direction * length, rng.uniform(0, 2 * np.pi, count), amplitude)


def on_grid(
    field: Waves, affine: NDArray[np.float64], start_zyx: tuple[int, int, int], shape: tuple[int, int, int]
) -> Float:
    """The field on a box of a grid, float32 (z, y, x).

    Args:
        field: The waves.
        affine: 4x4 matrix from index (x, y, z) to world mm.
        start_zyx: First voxel of the box.
        shape: Voxels of the box along (z, y, x).
    """
    steps = field.vectors @ affine[:3, :3]
    phase = field.phases + field.vectors @ affine[:3, 3]
    axes = [np.exp(1j * np.outer(steps[:, 2 - a], start_zyx[a] + np.arange(shape[a]))) for a in range(3)]
    first = (axes[0] * (field.amplitudes * np.exp(1j * phase))[:, None]).astype(np.complex64)
    plane = (first[:, :, None] * axes[1].astype(np.complex64)[:, None, :]).reshape(len(phase), -1)
    left = np.concatenate([plane.real, -plane.imag]).T
    right = np.concatenate([axes[2].real, axes[2].imag]).astype(np.float32)
    product: Float = (left @ right).reshape(shape)
    return product
