"""The edge-to-noise index: noise costs 6 dB a doubling, blurred edges cost as well."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from ctstudio.core.errors import GeometryError
from ctstudio.measure.edge_to_noise import edge_to_noise_db


@pytest.fixture(scope="module")
def body() -> np.ndarray:
    y, x = np.mgrid[:128, :128]
    image = np.where(((y - 64) / 45) ** 2 + ((x - 64) / 55) ** 2 < 1, 50.0, -1000.0)
    image[((y - 60) / 20) ** 2 + ((x - 45) / 20) ** 2 < 1] = 110.0
    return image


def noisy(image: np.ndarray, sd_hu: float, seed: int = 0) -> np.ndarray:
    grain = ndimage.gaussian_filter(np.random.default_rng(seed).normal(0, 1, image.shape), 0.7)
    return image + sd_hu * grain / grain.std()


def test_twice_the_noise_costs_six_decibels(body: np.ndarray) -> None:
    scores = [edge_to_noise_db(noisy(body, sd)) for sd in (5, 10, 20)]
    assert scores[0] - scores[1] == pytest.approx(6.0, abs=0.8)
    assert scores[1] - scores[2] == pytest.approx(6.0, abs=0.8)


def test_a_blurred_body_with_the_same_noise_scores_less(body: np.ndarray) -> None:
    assert edge_to_noise_db(noisy(ndimage.gaussian_filter(body, 3), 10)) < edge_to_noise_db(noisy(body, 10)) - 1


def test_another_draw_of_the_noise_changes_little(body: np.ndarray) -> None:
    scores = [edge_to_noise_db(noisy(body, 15, seed)) for seed in range(6)]
    assert np.std(scores) < 0.5


def test_flat_and_quiet_images_have_a_finite_score(body: np.ndarray) -> None:
    assert np.isfinite(edge_to_noise_db(np.zeros((32, 32))))
    assert np.isfinite(edge_to_noise_db(body))
    assert np.isfinite(edge_to_noise_db(np.full((32, 32), -1000, np.int16)))


def test_too_few_pixels_are_refused() -> None:
    with pytest.raises(GeometryError, match="16 x 16"):
        edge_to_noise_db(np.zeros((15, 40)))
