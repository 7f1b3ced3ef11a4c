"""Colours of differences over a slice: clear below the threshold, by sign, stronger the more it differs."""

from __future__ import annotations

import numpy as np
import pytest

from ctstudio.ui.slice_layers import heat_colours

STEP_HU = 2.0


def alpha(colours: np.ndarray) -> np.ndarray:
    return colours >> 24


def code(hu: float) -> int:
    return round(hu / STEP_HU) + 128


def test_nothing_is_coloured_below_the_threshold() -> None:
    cover = alpha(heat_colours(STEP_HU, 50.0, low=True, high=True))
    assert [cover[code(hu)] for hu in (-48, 0, 48)] == [0, 0, 0]
    assert all(cover[code(hu)] > 60 for hu in (-50, 50))
    assert cover[code(200)] > cover[code(60)]


@pytest.mark.parametrize(("low", "high", "seen"), [(True, False, -100), (False, True, 100)])
def test_one_sign_alone_is_coloured(low, high, seen) -> None:
    cover = alpha(heat_colours(STEP_HU, 50.0, low, high))
    assert cover[code(seen)] > 0
    assert cover[code(-seen)] == 0


def test_darker_is_blue_and_brighter_is_amber() -> None:
    colours = heat_colours(STEP_HU, 50.0, low=True, high=True)
    red, blue = (colours >> 16) & 255, colours & 255
    assert blue[code(-100)] > red[code(-100)]
    assert red[code(100)] > blue[code(100)]
    assert np.all(red <= alpha(colours))  # premultiplied
    assert np.all(blue <= alpha(colours))


def test_a_threshold_beyond_every_code_leaves_all_clear() -> None:
    assert not alpha(heat_colours(STEP_HU, 1000.0, low=True, high=True)).any()
