"""Artefacts: each score is low on a plain image and high on one with the fault."""

import numpy as np
import pytest

from ctstudio.core.errors import GeometryError, ParameterError
from ctstudio.measure.artefacts import blank_score, checkerboard_score, nearest, seam_score


def slice_hu(seed: int = 0) -> np.ndarray:
    """A body with an organ and correlated noise of about 15 HU."""
    y, x = np.indices((128, 136))
    body = (y - 64) ** 2 / 50**2 + (x - 66) ** 2 / 58**2 < 1
    organ = (y - 60) ** 2 + (x - 45) ** 2 < 400
    noise = np.random.default_rng(seed).standard_normal((129, 137))
    grain = 15 * (noise[1:, 1:] + noise[:-1, :-1]) / 2**0.5
    return np.where(body, 40.0 + 50 * organ, -1000.0) + grain


@pytest.mark.parametrize("period", [2, 4, 8, 16])
@pytest.mark.parametrize("kind", ["rows", "columns", "both"])
def test_a_grid_of_the_noise_s_size_is_found_at_every_period(period: int, kind: str) -> None:
    down, across = (np.cos(2 * np.pi * np.arange(n) / period) for n in slice_hu().shape)
    grid = {"rows": down[:, None], "columns": across[None, :], "both": down[:, None] * across[None, :]}[kind]
    assert checkerboard_score(slice_hu() + 15 * grid) > 25


def test_a_scan_without_a_grid_scores_low() -> None:
    assert max(checkerboard_score(slice_hu(seed)) for seed in range(8)) < 15
    with pytest.raises(GeometryError, match="64"):
        checkerboard_score(np.zeros((40, 200)))


def test_seam_of_twenty_hu_on_a_ramp_of_two() -> None:
    ramp = np.broadcast_to(2.0 * np.arange(64), (8, 64)).copy()
    assert seam_score(ramp, 16) == pytest.approx(1.0)
    ramp += 20 * (np.arange(64) // 16)
    assert seam_score(ramp, 16) == pytest.approx(11.0)
    assert seam_score(ramp.T, 16, axis=0) == pytest.approx(11.0)
    assert seam_score(np.zeros((4, 32)), 8) == 1.0
    with pytest.raises(ParameterError, match="100"):
        seam_score(ramp, 100)


def test_blank_is_one_and_noise_is_not() -> None:
    assert blank_score(np.full((8, 8), -1000)) == 1.0
    noise = 15 * np.random.default_rng(0).standard_normal((100, 100))
    assert blank_score(noise) == pytest.approx(0.261, abs=0.02)
    half = np.zeros((10, 10), bool)
    half[:5] = True
    assert blank_score(np.where(half, np.arange(100).reshape(10, 10) * 50, 0), half) < 0.1
    assert blank_score(noise, np.zeros((100, 100), bool)) == 1.0


def test_a_noisy_copy_finds_its_original() -> None:
    bank = np.stack([np.roll(slice_hu(seed), 9 * seed, axis=1) for seed in range(5)])
    copy = bank[3] + 10 * np.random.default_rng(9).standard_normal(bank[3].shape)
    index, distance = nearest(copy, bank)
    assert index == 3
    assert distance < 4
    assert nearest(bank[2] + 7, bank) == (2, pytest.approx(7.0))
    with pytest.raises(GeometryError, match="bank"):
        nearest(copy, bank[:, :64])
