"""How alike two images are: SSIM, PSNR and mean absolute error, in HU."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ctstudio.core.errors import GeometryError, MaskError, ParameterError

ABDOMEN_HU = (-160.0, 240.0)
"""The range the abdomen is compared in: window 400, level 40."""

GAUSSIAN_SIGMA = 1.5
LEAST_SIDE = 11


def mae_hu(a: NDArray[Any], b: NDArray[Any], mask: NDArray[np.bool_] | None = None) -> float:
    """Mean absolute difference over the mask, or all voxels, HU.

    Raises:
        GeometryError: The shapes differ.
        MaskError: The mask is empty.
    """
    return float(np.abs(_differences(a, b, mask)).mean())


def psnr_db(
    a: NDArray[Any],
    b: NDArray[Any],
    range_hu: tuple[float, float] = ABDOMEN_HU,
    mask: NDArray[np.bool_] | None = None,
) -> float:
    """Peak signal-to-noise ratio of two images clipped to a range, dB; infinite when they are equal there.

    Raises:
        GeometryError: The shapes differ.
        MaskError: The mask is empty.
        ParameterError: The range is empty.
    """
    low, high = _checked(range_hu)
    squares = _differences(np.clip(a, low, high), np.clip(b, low, high), mask) ** 2
    error = float(squares.mean())
    return float(10.0 * np.log10((high - low) ** 2 / error)) if error > 0 else float("inf")


def ssim(
    a: NDArray[Any],
    b: NDArray[Any],
    range_hu: tuple[float, float] = ABDOMEN_HU,
    mask: NDArray[np.bool_] | None = None,
) -> float:
    """Structural similarity of two images clipped to a range, up to 1; the mean of the axial slices.

    Args:
        a: (y, x) or (z, y, x), HU, at least 11 pixels along y and x.
        b: Same shape.
        range_hu: Lowest and highest HU that count.
        mask: Same shape; only its pixels are averaged.

    Raises:
        GeometryError: The shapes differ or are too small.
        MaskError: The mask is empty.
        ParameterError: The range is empty.

    Source: Wang et al. 2004, Gaussian window of sigma 1.5, as in scikit-image.
    """
    from skimage.metrics import structural_similarity

    low, high = _checked(range_hu)
    _differences(a, b, mask)
    if min(a.shape[-2:]) < LEAST_SIDE:
        raise GeometryError(
            f"Structural similarity needs slices of at least {LEAST_SIDE} pixels, not {a.shape[-2:]}.",
            "Compare larger slices.",
        )
    first, second = (np.clip(i, low, high).astype(np.float64).reshape(-1, *a.shape[-2:]) for i in (a, b))
    maps = [
        structural_similarity(
            x,
            y,
            data_range=high - low,
            gaussian_weights=True,
            sigma=GAUSSIAN_SIGMA,
            use_sample_covariance=False,
            full=True,
        )[1]
        for x, y in zip(first, second, strict=True)
    ]
    values = np.stack(maps)
    return float(values.mean() if mask is None else values[np.asarray(mask, bool).reshape(values.shape)].mean())


def _differences(a: NDArray[Any], b: NDArray[Any], mask: NDArray[np.bool_] | None) -> NDArray[np.float64]:
    if a.shape != b.shape or (mask is not None and mask.shape != a.shape):
        raise GeometryError(
            f"Images of shapes {a.shape} and {b.shape} cannot be compared voxel by voxel.",
            "Resample one onto the other's grid.",
        )
    difference = a.astype(np.float64) - b.astype(np.float64)
    if mask is None:
        return difference
    if not mask.any():
        raise MaskError("There are no voxels to compare.", "Mark a region first.")
    return np.asarray(difference[np.asarray(mask, bool)])


def _checked(range_hu: tuple[float, float]) -> tuple[float, float]:
    if not range_hu[1] > range_hu[0]:
        raise ParameterError(f"The range {range_hu} HU is empty.", "Give the lowest value first.")
    return range_hu
