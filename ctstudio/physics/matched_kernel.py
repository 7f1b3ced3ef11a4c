"""A reconstruction kernel whose noise is as fine as that of a scan."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ctstudio.measure.noise_spectrum import LEAST_SIDE, mean_frequency
from ctstudio.physics.fbp import filtered_back_projection
from ctstudio.physics.geometry import ParallelGeometry

CUTOFFS = (0.5, 0.7, 1.0, 1.3, 1.7, 2.3, 4.0, 8.0)
"""Ends of the Hann window that are tried, in Nyquist frequencies; the last is all but a plain ramp."""

_SIDE, _COUNT = 96, 8


def matched_cutoff(rois: NDArray[Any]) -> float:
    """The end of the Hann window whose noise has the mean frequency of these regions.

    Scanners' kernels for soft tissue end well beyond the Nyquist frequency of their pixels, or well before it; the
    grain of the noise tells which.

    Args:
        rois: (k, n, n), HU, even tissue.

    Returns:
        In Nyquist frequencies, 0.5 to 8; 1 for regions of fewer than 8 pixels along a side.

    Source: ours.
    """
    side = min(rois.shape[-1], _SIDE // 2)
    if side < LEAST_SIDE:
        return 1.0
    wanted = mean_frequency(rois[:, :side, :side])
    geometry = ParallelGeometry(_SIDE, 1.0)
    lines = torch.randn(_COUNT, 1, _SIDE, geometry.angles, generator=torch.Generator().manual_seed(0))
    middle = slice((_SIDE - side) // 2, (_SIDE - side) // 2 + side)
    found = [
        mean_frequency(filtered_back_projection(lines, geometry, "hann", cutoff)[:, 0, middle, middle].numpy())
        for cutoff in CUTOFFS
    ]
    return float(np.exp(np.interp(wanted, found, np.log(CUTOFFS))))
