"""MS-SSIM with the small kernel: against MONAI where it works, fewer scales below, order of likeness."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from monai.metrics import MultiScaleSSIMMetric

from ctstudio.core.errors import GeometryError
from ctstudio.evaluation.ms_ssim import ms_ssim, scales_for


def volume(side: int, seed: int = 0) -> np.ndarray:
    """Smooth blobs in [-1, 1]."""
    from scipy import ndimage

    noise = ndimage.gaussian_filter(np.random.default_rng(seed).normal(size=(side,) * 3), 3)
    return np.clip(noise / np.abs(noise).max(), -1, 1).astype(np.float32)


def test_all_five_scales_are_those_of_monai() -> None:
    a = volume(112)
    b = np.clip(a + 0.2 * volume(112, 1), -1, 1)
    pair = [torch.from_numpy(v)[None, None] * 0.5 + 0.5 for v in (b, a)]
    assert ms_ssim(b, a) == pytest.approx(float(MultiScaleSSIMMetric(3, kernel_size=7)(*pair)), abs=1e-5)


@pytest.mark.parametrize(("side", "scales"), [(6, 0), (7, 1), (14, 2), (28, 3), (56, 4), (111, 4), (112, 5)])
def test_small_volumes_have_fewer_scales(side: int, scales: int) -> None:
    assert scales_for((side, 200, 200)) == scales


def test_perfect_worse_and_absurd_volumes_are_in_order() -> None:
    a = volume(30)
    noisy = [np.clip(a + sd * np.random.default_rng(2).normal(size=a.shape), -1, 1) for sd in (0.05, 0.3)]
    found = [ms_ssim(b, a) for b in (a, *noisy, -a)]
    assert found[0] == pytest.approx(1.0, abs=1e-6)
    assert found[0] > found[1] > found[2] > found[3]
    assert found[3] < 0.3


def test_other_shapes_are_refused() -> None:
    with pytest.raises(GeometryError):
        ms_ssim(volume(20), volume(24))
    with pytest.raises(GeometryError):
        ms_ssim(volume(6), volume(6))
