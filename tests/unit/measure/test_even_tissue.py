"""Where the noise of a scan is measured, and what is found there."""

import numpy as np
import pytest

from ctstudio.measure.even_tissue import even_tissue, held_noise, squares


def body(sd: float, slices: int = 10) -> np.ndarray:
    """A body with an even organ on its right, wild texture elsewhere, in air, with white noise."""
    rng = np.random.default_rng(1)
    y, x = np.indices((128, 128)) - 64
    plane = np.where((x / 55) ** 2 + (y / 45) ** 2 < 1, 20.0, -1000.0)
    texture = 60 * np.sin(x / 2.0) * np.sin(y / 2.5)
    organ = (x + 25) ** 2 + y**2 < 18**2
    plane = np.where(organ, 60.0, plane + np.where(plane > -500, texture, 0.0))
    return plane + rng.normal(0, sd, (slices, 128, 128))


def test_noise_is_measured_in_the_even_organ() -> None:
    found = held_noise(body(12.0), 1.5)
    assert found is not None
    assert found.sd_hu == pytest.approx(12.0, rel=0.06)
    assert len(found.slices) == 8
    assert all(abs(np.nonzero(region)[1].mean() - 39) < 8 for region in found.regions)
    assert squares(body(1.0)[list(found.slices)], found.regions).std() < 3


def test_air_and_bone_are_never_even_tissue() -> None:
    assert even_tissue(np.full((64, 64), -1000.0), 1.5) is None
    assert even_tissue(np.full((64, 64), 900.0), 1.5) is None
    assert held_noise(np.full((4, 64, 64), -1000.0), 1.5) is None
