"""The ramp filter of filtered back-projection, and how it carries noise into the image."""

from __future__ import annotations

import math
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ctstudio.core.errors import ParameterError

FilterName = Literal["hann", "ramp", "sharp"]
"""Reconstruction kernels, from smooth to sharp."""

SHARP_GAIN = 0.5
"""How much the sharp kernel raises the middle frequencies above the ramp, as kernels for bone do. Ours."""


def padded_detectors(size: int) -> int:
    """Detectors after padding to the diagonal of an n x n image, so that its corners are covered."""
    return math.ceil(math.sqrt(2.0) * size)


def transform_length(size: int) -> int:
    """Power of two, at least twice the padded detectors, that keeps the circular convolution from wrapping."""
    return max(64, 1 << math.ceil(math.log2(2 * padded_detectors(size))))


def ramp_response(length: int, name: FilterName = "hann", cutoff: float = 1.0) -> NDArray[np.float64]:
    """Response of the filter at the `length // 2 + 1` frequencies of a real transform, pixel units.

    Args:
        length: Of the transform.
        name: The kernel.
        cutoff: Where the Hann window ends, in Nyquist frequencies; above 1 it is cut off on its way down.

    The ramp is built in space (1/4 at 0, -1/(pi k)^2 at odd k), which keeps the mean of the image right.
    Source: Kak and Slaney, Principles of Computerized Tomographic Imaging, ch. 3, eq. 61; the window as in
    scikit-image's `iradon`, whose slightly uneven Hann window is made even (it acts on real signals the same).
    The sharp kernel is the ramp times 1 + 0.5 sin^2(pi f / f_Nyquist): ours.

    Raises:
        ParameterError: The filter has no such name.
    """
    k = np.minimum(np.arange(length), length - np.arange(length))
    kernel = np.where(k % 2 == 1, -1.0 / (np.pi * np.maximum(k, 1)) ** 2, 0.0)
    kernel[0] = 0.25
    response = 2.0 * np.real(np.fft.fft(kernel))
    if name == "hann":
        response = response * (np.fft.fftshift(np.hanning(length)) if cutoff == 1.0 else _hann(length, cutoff))
    elif name == "sharp":
        response = response * (1.0 + SHARP_GAIN * np.sin(2.0 * np.pi * np.arange(length) / length) ** 2)
    elif name != "ramp":
        raise ParameterError(f"There is no reconstruction filter '{name}'.", "Use hann, ramp or sharp.")
    even = 0.5 * (response + np.roll(response[::-1], 1))
    return np.asarray(even[: length // 2 + 1], np.float64)


def _hann(length: int, cutoff: float) -> NDArray[np.float64]:
    """A Hann window (length,) over the frequencies of a transform that ends at `cutoff` Nyquist frequencies."""
    frequency = 2.0 * np.abs(np.fft.fftfreq(length))
    return np.where(frequency < cutoff, 0.5 * (1.0 + np.cos(np.pi * frequency / cutoff)), 0.0)


def noise_gain(size: int, name: FilterName = "hann") -> float:
    """Variance of a filtered projection read between two detectors, for white noise of variance 1.

    Reading at a fraction u between detectors gives (1-u)^2 R0 + u^2 R0 + 2u(1-u) R1, with R the autocorrelation
    of the filter; its mean over u is 2/3 R0 + 1/3 R1. Source: ours, from the linearity of the reconstruction.
    """
    kernel = 0.5 * np.fft.irfft(ramp_response(transform_length(size), name))
    same = float(np.dot(kernel, kernel))
    neighbour = float(np.dot(kernel, np.roll(kernel, 1)))
    return 2.0 / 3.0 * same + 1.0 / 3.0 * neighbour
