"""A difference is dark where nothing changed, blue where it fell, amber where it rose, brighter the more."""

import numpy as np
import pytest

from ctstudio.core.windows import Window
from ctstudio.ui.diverging_colours import DifferenceLegend, diverging_colours, diverging_table
from ctstudio.ui.fused_colours import Fuser


def _seen(values: list[float], span_hu: float) -> np.ndarray:
    """(n, 3) RGB that a slice of differences is shown in."""
    plane = np.array([values], np.float32)
    out = np.empty(plane.shape, np.uint32)
    Fuser().fuse(plane, None, Window(0.0, 2 * span_hu), diverging_table(), out)
    return np.stack([out[0] >> shift & 255 for shift in (16, 8, 0)], axis=1).astype(int)


def test_no_change_is_dark_and_the_sides_differ_in_hue() -> None:
    fell, none, rose = _seen([-200, 0, 200], 500)
    assert none.max() < 40
    assert fell[2] > fell[0] + 60
    assert rose[0] > rose[2] + 60


def test_brightness_alone_tells_the_size() -> None:
    light = diverging_colours().astype(float) @ (0.3, 0.59, 0.11)
    assert np.all(np.diff(light[:128]) <= 0.5)
    assert np.all(np.diff(light[128:]) >= -0.5)


def test_beyond_the_span_the_colour_stays() -> None:
    at, beyond = _seen([500, 4000], 500)
    assert (at == beyond).all()


@pytest.mark.parametrize("span", [100, 900])
def test_the_legend_says_what_the_full_colour_means(qtbot, span) -> None:
    legend = DifferenceLegend()
    qtbot.addWidget(legend)
    legend.show_span(span)
    assert f"{span} HU" in legend.toolTip()
    image = legend.grab().toImage()
    left, right = image.pixelColor(3, 8), image.pixelColor(image.width() - 4, 8)
    assert left.blue() > left.red()
    assert right.red() > right.blue()
