"""What others do against noise: total variation, and BM3D where its package is there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib import import_module
from importlib.util import find_spec

import numpy as np
from numpy.typing import NDArray

from ctstudio.measure.similarity import ABDOMEN_HU, psnr_db

Image = NDArray[np.float32]
TV_WEIGHTS = (0.005, 0.01, 0.02, 0.03, 0.04, 0.05, 0.06, 0.08, 0.12, 0.2)
"""Among which the best is chosen on patients that are not measured; of images scaled to [0, 1]."""

TV, BM3D = "TV-L2", "BM3D"


def total_variation(noisy_hu: Image, weight: float, range_hu: tuple[float, float] = ABDOMEN_HU) -> Image:
    """A volume (z, y, x) in HU without its noise, by total variation in 3D; clipped to the range.

    Source: Chambolle 2004, as in scikit-image. Clipped first: edges to air would else decide how much is smoothed.
    """
    from skimage.restoration import denoise_tv_chambolle

    low, high = range_hu
    unit = (np.clip(noisy_hu, low, high) - low) / (high - low)
    return np.asarray(denoise_tv_chambolle(unit, weight=weight) * (high - low) + low, np.float32)


def best_tv_weight(noisy_hu: Sequence[Image], clean_hu: Sequence[Image]) -> float:
    """The weight with the best PSNR on pairs of volumes: what a careful user would set."""
    pairs = list(zip(noisy_hu, clean_hu, strict=True))

    def mean_psnr(weight: float) -> float:
        return float(np.mean([psnr_db(total_variation(noisy, weight), clean) for noisy, clean in pairs]))

    return max(TV_WEIGHTS, key=mean_psnr)


def bm3d_denoiser() -> Callable[[Image, float], Image] | None:
    """BM3D slice by slice, of a volume (z, y, x) in HU and its noise SD; None where its package is missing."""
    if find_spec("bm3d") is None:
        return None
    bm3d = import_module("bm3d").bm3d
    low, high = ABDOMEN_HU

    def denoised(noisy_hu: Image, sd_hu: float) -> Image:
        planes = (np.clip(noisy_hu, low, high) - low) / (high - low)
        return np.stack([bm3d(plane, sd_hu / (high - low)) for plane in planes]).astype(np.float32) * (high - low) + low

    return denoised
