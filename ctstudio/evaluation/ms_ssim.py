"""MS-SSIM of two volumes, with a kernel that small volumes have room for."""

from __future__ import annotations

import numpy as np
import torch
from monai.metrics.regression import compute_ssim_and_cs
from numpy.typing import NDArray
from torch.nn import functional

from ctstudio.core.errors import GeometryError

KERNEL = 7
"""Voxels along each side. The usual 11 need 176 voxels for five scales; the paper's patches have 128."""

SIGMA = 1.5
WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)
"""Of the five scales, the finest first. Source: Wang et al. 2003."""


def scales_for(shape: tuple[int, ...]) -> int:
    """How many of the five scales a volume has room for; 0 when it is smaller than the kernel."""
    return sum(min(shape) >> scale >= KERNEL for scale in range(len(WEIGHTS)))


def ms_ssim(a: NDArray[np.float32], b: NDArray[np.float32]) -> float:
    """Multi-scale structural similarity, 0 to 1.

    Args:
        a: (z, y, x) in [-1, 1].
        b: Same shape.

    Returns:
        Over as many of the five scales as there is room for, their weights scaled to a sum of 1; all five need 112
        voxels along each side.

    Raises:
        GeometryError: The shapes differ, or a side is shorter than the kernel.

    Source: Wang et al. 2003. MONAI measures each scale: torchmetrics' 3D version takes no kernel of 7 when it is
    Gaussian, and pads by another one's size.
    """
    scales = scales_for(a.shape)
    if a.shape != b.shape or not scales:
        raise GeometryError(
            f"Volumes of shapes {a.shape} and {b.shape} have no MS-SSIM.",
            f"Give two of one shape, at least {KERNEL} voxels along each side.",
        )
    x, y = (torch.from_numpy(np.ascontiguousarray(v, np.float32))[None, None] * 0.5 + 0.5 for v in (a, b))
    weights = np.asarray(WEIGHTS[:scales]) / sum(WEIGHTS[:scales])
    found = 1.0
    for scale, weight in enumerate(weights):
        if scale:
            x, y = functional.avg_pool3d(x, 2), functional.avg_pool3d(y, 2)
        whole, contrast = compute_ssim_and_cs(x, y, 3, (KERNEL,) * 3, (SIGMA,) * 3)
        part = whole if scale == scales - 1 else contrast
        found *= max(float(part.mean()), 0.0) ** float(weight)
    return float(found)
