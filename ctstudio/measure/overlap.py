"""How well two masks agree: shared volume, and distance between their surfaces."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ctstudio.core.errors import GeometryError, ParameterError

Mask = NDArray[np.bool_]


def dice(a: Mask, b: Mask) -> float:
    """Twice the shared volume over the sum of the volumes, 0 to 1; 1 when both are empty.

    Raises:
        GeometryError: The shapes differ.
    """
    a, b = _pair(a, b)
    total = int(a.sum()) + int(b.sum())
    return 2.0 * int((a & b).sum()) / total if total else 1.0


def iou(a: Mask, b: Mask) -> float:
    """Shared volume over the volume of both together, 0 to 1; 1 when both are empty.

    Raises:
        GeometryError: The shapes differ.
    """
    a, b = _pair(a, b)
    union = int((a | b).sum())
    return int((a & b).sum()) / union if union else 1.0


def recall(read: Mask, truth: Mask) -> float:
    """Part of the truth that was found, 0 to 1; 1 when both masks are empty, 0 when only the truth is.

    Raises:
        GeometryError: The shapes differ.
    """
    read, truth = _pair(read, truth)
    return _shared_part(read, truth, int(truth.sum()))


def precision(read: Mask, truth: Mask) -> float:
    """Part of what was read that is true, 0 to 1; 1 when both masks are empty, 0 when only what was read is.

    Raises:
        GeometryError: The shapes differ.
    """
    read, truth = _pair(read, truth)
    return _shared_part(read, truth, int(read.sum()))


def hausdorff_mm(a: Mask, b: Mask, spacing_mm: Sequence[float], percentile: float = 100.0) -> float:
    """Largest distance between the surfaces, or a percentile of it such as 95, mm.

    Args:
        a: One mask, any dimension.
        b: The other, same shape.
        spacing_mm: Voxel size in the order of the array's axes, mm.
        percentile: 0 to 100; taken in both directions, the larger counts.

    Returns:
        0 when both masks are empty, infinite when one is.

    Raises:
        GeometryError: The shapes differ.
        ParameterError: The percentile lies outside 0 to 100.
    """
    if not 0.0 <= percentile <= 100.0:
        raise ParameterError(f"There is no percentile {percentile}.", "Choose one from 0 to 100.")
    there, back = surface_distances_mm(a, b, spacing_mm)
    if there.size == 0 and back.size == 0:
        return 0.0
    if there.size == 0 or back.size == 0:
        return float("inf")
    return float(max(np.percentile(there, percentile), np.percentile(back, percentile)))


def mean_surface_distance_mm(a: Mask, b: Mask, spacing_mm: Sequence[float]) -> float:
    """Mean distance between the surfaces over all surface voxels of both, mm; 0 or infinite for empty masks.

    Raises:
        GeometryError: The shapes differ.
    """
    there, back = surface_distances_mm(a, b, spacing_mm)
    if there.size == 0 and back.size == 0:
        return 0.0
    if there.size == 0 or back.size == 0:
        return float("inf")
    return float(np.concatenate([there, back]).mean())


def surface_distances_mm(
    a: Mask, b: Mask, spacing_mm: Sequence[float]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Distance from each surface voxel of a to the surface of b, and the reverse, mm. Empty where a mask is.

    Raises:
        GeometryError: The shapes differ.
    """
    from scipy import ndimage

    a, b = _pair(a, b)
    if not a.any() or not b.any():
        return np.zeros(int(a.any())), np.zeros(int(b.any()))
    box = _box_about(a | b)
    edges = [mask[box] & ~ndimage.binary_erosion(np.pad(mask[box], 1))[_unpad(a.ndim)] for mask in (a, b)]
    to_a, to_b = (ndimage.distance_transform_edt(~edge, sampling=tuple(spacing_mm)) for edge in edges)
    return np.asarray(to_b[edges[0]]), np.asarray(to_a[edges[1]])


def _shared_part(a: Mask, b: Mask, of: int) -> float:
    if of:
        return int((a & b).sum()) / of
    return float(not a.any() and not b.any())


def _pair(a: NDArray[Any], b: NDArray[Any]) -> tuple[Mask, Mask]:
    if a.shape != b.shape:
        raise GeometryError(
            f"Masks of shapes {a.shape} and {b.shape} cannot be compared.", "Resample one onto the other's grid."
        )
    return np.asarray(a, bool), np.asarray(b, bool)


def _box_about(mask: Mask) -> tuple[slice, ...]:
    return tuple(slice(int(i.min()), int(i.max()) + 1) for i in np.nonzero(mask))


def _unpad(dimensions: int) -> tuple[slice, ...]:
    return (slice(1, -1),) * dimensions
