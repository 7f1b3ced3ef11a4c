"""What goes wrong in generated images: checkerboards, seams, blanks, and copies of the training data."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ctstudio.core.errors import GeometryError, ParameterError

PERIODS = (2, 4, 8, 16)
"""Periods of the grids that decoders leave, pixels."""

NEAREST_BIN, FARTHEST_BIN = 3, 6
"""Distance from a peak, in frequency bins, that its surroundings are taken from."""

RANGE_HU = (-160.0, 240.0)
"""Images are clipped to the soft tissue window first, or the body's edge would drown everything."""

BLANK_HU = 5.0
COARSE = 32


def checkerboard_score(image: NDArray[Any]) -> float:
    """How far the spectral peaks of a decoder's grid stand out of their surroundings.

    A grid of period p puts power at the frequencies (0 or 1/p, 0 or 1/p) of the two-dimensional spectrum. Each such
    bin is compared with the median of the bins 3 to 6 steps away. Scans and noise score 2 to 10; a grid as strong as
    the noise scores above 25 at period 16, where anatomy is strong too, and in the hundreds at periods 2 to 8.

    Args:
        image: (y, x), HU, at least 64 pixels along both. Cut to a multiple of 16, clipped to soft tissue.

    Returns:
        Ratio of powers, the largest over the periods and directions, >= 0.

    Raises:
        GeometryError: The image is smaller than 64 x 64.
    """
    height, width = (n - n % max(PERIODS) for n in image.shape)
    if min(height, width) < 64:
        raise GeometryError(f"A grid cannot be looked for in {image.shape} pixels.", "Give at least 64 x 64 pixels.")
    part = np.clip(image[:height, :width].astype(np.float64), *RANGE_HU)
    window = np.hanning(height + 1)[:-1, None] * np.hanning(width + 1)[None, :-1]
    power = np.abs(np.fft.fft2((part - part.mean()) * window)) ** 2
    return max(
        _peak_ratio(power, (sign * down * height // period, across * width // period))
        for period in PERIODS
        for down, across, sign in ((0, 1, 1), (1, 0, 1), (1, 1, 1), (1, 1, -1))
    )


def seam_score(image: NDArray[Any], period: int, axis: int = -1) -> float:
    """Mean step across the seams between windows over the mean step elsewhere; about 1 without seams.

    Args:
        image: Any shape, HU.
        period: Distance of the seams, pixels, at least 2: a seam lies before every multiple of it.
        axis: Axis that crosses the seams.

    Raises:
        ParameterError: The image holds no seam at this period, or nothing but seams.
    """
    steps = np.abs(np.diff(np.moveaxis(image.astype(np.float64), axis, -1), axis=-1))
    at_seam = (np.arange(steps.shape[-1]) + 1) % period == 0 if period >= 2 else np.zeros(0, bool)
    if not at_seam.any():
        raise ParameterError(
            f"There is no seam every {period} pixels in {image.shape[axis]}.", "Choose a period within the image."
        )
    elsewhere = float(steps[..., ~at_seam].mean())
    seam = float(steps[..., at_seam].mean())
    if elsewhere == 0.0:
        return float("inf") if seam > 0 else 1.0
    return seam / elsewhere


def blank_score(image: NDArray[Any], mask: NDArray[np.bool_] | None = None) -> float:
    """Share of pixels within 5 HU of the median, 0 to 1: near 1 when nothing was drawn.

    Inside a mask of the body a real scan scores about 0.1 to 0.3. An empty mask scores 1.
    """
    values = image.ravel() if mask is None else image[np.asarray(mask, bool)]
    if values.size == 0:
        return 1.0
    away = np.abs(values.astype(np.float64) - float(np.median(values)))
    return float((away <= BLANK_HU).mean())


def nearest(image: NDArray[Any], bank: NDArray[Any]) -> tuple[int, float]:
    """The training image most like a generated one, at low resolution: a guard against copies.

    Args:
        image: (y, x), HU.
        bank: (k, y, x), HU, k >= 1.

    Returns:
        Its index, and the root mean square difference of both after averaging to at most 32 x 32, HU.

    Raises:
        GeometryError: The shapes differ, or the bank is empty.
    """
    if bank.ndim != 3 or len(bank) == 0 or bank.shape[1:] != image.shape:
        raise GeometryError(
            f"An image of {image.shape} cannot be looked up in a bank of {bank.shape}.",
            "Give training images of the same size.",
        )
    coarse = _coarse(image[None])[0]
    distance = np.sqrt(((_coarse(bank) - coarse) ** 2).mean(axis=(1, 2)))
    best = int(np.argmin(distance))
    return best, float(distance[best])


def _peak_ratio(power: NDArray[np.float64], at: tuple[int, int]) -> float:
    """Power of one bin over the median around it, or along the axis it lies on if that is larger."""
    reach = np.arange(-FARTHEST_BIN, FARTHEST_BIN + 1)
    near = power[(at[0] + reach[:, None]) % power.shape[0], (at[1] + reach[None, :]) % power.shape[1]]
    away = np.abs(reach) >= NEAREST_BIN
    surroundings = [float(np.median(near[away[:, None] | away[None, :]]))]
    if at[0] == 0:
        surroundings.append(float(np.median(near[FARTHEST_BIN, away])))
    if at[1] == 0:
        surroundings.append(float(np.median(near[away, FARTHEST_BIN])))
    return float(near[FARTHEST_BIN, FARTHEST_BIN]) / max(*surroundings, 1e-9)


def _coarse(images: NDArray[Any]) -> NDArray[np.float64]:
    """Block means of (k, y, x), at most 32 along y and x; a rest at the far edges is left out."""
    count, height, width = images.shape
    step_y, step_x = -(-height // COARSE), -(-width // COARSE)
    rows, columns = height // step_y, width // step_x
    part = images[:, : rows * step_y, : columns * step_x].astype(np.float64)
    return np.asarray(part.reshape(count, rows, step_y, columns, step_x).mean(axis=(2, 4)))
