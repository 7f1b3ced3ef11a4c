"""Seams between windows: none, drawn on purpose, only where the mask is."""

from __future__ import annotations

import math

import numpy as np
import pytest

from ctstudio.core.errors import GeometryError
from ctstudio.measure.seam import seam_score, window_borders

BORDERS = ((8, 16), (10,), ())


def noise(shape: tuple[int, ...] = (24, 20, 22)) -> np.ndarray:
    return np.random.default_rng(0).normal(size=shape)


def test_borders_are_where_windows_begin_or_end() -> None:
    assert window_borders(100, (0, 48, 36), 64) == (36, 48, 64)
    assert window_borders(64, (0,), 64) == ()


def test_noise_has_no_seam_and_a_step_is_found() -> None:
    image = noise()
    assert seam_score(image, BORDERS) == pytest.approx(1.0, abs=0.03)
    image[8:16] += 3.0
    assert seam_score(image, BORDERS) > 1.5
    assert seam_score(image, ((4,), (), ())) == pytest.approx(1.0, abs=0.2)


def test_only_steps_inside_the_mask_count() -> None:
    image, inside = noise(), np.zeros((24, 20, 22), bool)
    inside[:, :, 4:18] = True
    image[8:, :, :4] += 100.0
    assert seam_score(image, BORDERS, inside) == pytest.approx(1.0, abs=0.05)


def test_without_borders_there_is_no_score() -> None:
    assert math.isnan(seam_score(noise(), ((), (), ())))
    with pytest.raises(GeometryError):
        seam_score(noise(), ((), ()))
