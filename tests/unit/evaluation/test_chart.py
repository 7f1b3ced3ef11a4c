"""The drawn curves: numbers on the axes that hold the data, a colour a curve."""

from __future__ import annotations

import numpy as np
import pytest

from ctstudio.evaluation.chart import COLOURS, HEIGHT, WIDTH, Panel, drawn, ticks


@pytest.mark.parametrize(("low", "high"), [(0.0, 1.0), (-3.2, 13.9), (1.45, 2.41), (1200.0, 1204.0)])
def test_ticks_are_round_and_hold_the_data(low: float, high: float) -> None:
    marks = ticks(low, high)
    assert marks[0] <= low
    assert marks[-1] >= high
    assert 3 <= len(marks) <= 9
    steps = np.diff(marks)
    assert np.allclose(steps, steps[0])


def test_each_curve_is_drawn_in_its_colour_and_a_higher_value_higher() -> None:
    doses = (0.05, 0.25, 1.0)
    sheet = drawn([Panel("Quality", "dB", {"real": (1, 2, 3), "low": (0, 0, 0), "nowhere": (np.nan,) * 3}, doses)])
    assert sheet.shape == (HEIGHT, WIDTH, 3)
    heights = []
    for colour in COLOURS[:2]:
        where = np.argwhere((sheet[:450] == colour).all(axis=-1))
        assert len(where) > 100
        heights.append(where[:, 0].mean())
    assert heights[0] < heights[1]


def test_a_flat_curve_can_be_drawn() -> None:
    assert drawn([Panel("a", "b", {"c": (2.0, 2.0)}, (0.1, 1.0))] * 2).shape == (HEIGHT, 2 * WIDTH, 3)
