"""SSIM, PSNR and MAE: by hand, limits, masks."""

import numpy as np
import pytest

from ctstudio.core.errors import GeometryError, MaskError, ParameterError
from ctstudio.measure.similarity import mae_hu, psnr_db, ssim


def image(seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(40, 50, (2, 24, 24))


def test_ten_hu_everywhere() -> None:
    a = np.full((2, 16, 16), 50.0)
    assert mae_hu(a, a + 10) == 10
    assert psnr_db(a, a + 10) == pytest.approx(20 * np.log10(400 / 10))


def test_differences_outside_the_range_do_not_count_for_psnr() -> None:
    a = np.full((16, 16), 1000.0)
    assert psnr_db(a, a + 500) == float("inf")
    assert mae_hu(a, a + 500) == 500


def test_equal_images_are_fully_alike_and_noise_makes_them_less_so() -> None:
    noise = np.random.default_rng(1).standard_normal((2, 24, 24))
    assert ssim(image(), image()) == pytest.approx(1.0)
    assert 1 > ssim(image(), image() + 5 * noise) > ssim(image(), image() + 50 * noise) > 0


def test_only_the_mask_counts() -> None:
    mask = np.zeros((2, 24, 24), bool)
    mask[:, :8, :8] = True
    other = np.where(mask, image(), 0)
    assert mae_hu(image(), other, mask) == 0
    assert ssim(image(), other, mask=mask) > ssim(image(), other)


def test_what_cannot_be_compared_is_refused() -> None:
    with pytest.raises(GeometryError, match="shapes"):
        mae_hu(np.zeros((3, 3)), np.zeros((3, 4)))
    with pytest.raises(GeometryError, match="11"):
        ssim(np.zeros((8, 30)), np.zeros((8, 30)))
    with pytest.raises(MaskError):
        psnr_db(image(), image(), mask=np.zeros((2, 24, 24), bool))
    with pytest.raises(ParameterError, match="empty"):
        psnr_db(image(), image(), (100.0, 100.0))
