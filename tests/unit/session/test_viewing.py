"""Crosshair, window, overlay and framing stay in their bounds and tell once."""

import pytest

from ctstudio.core.windows import PRESETS, Window
from ctstudio.session.viewing import Framing, Viewing


@pytest.fixture
def viewing():
    return Viewing((12, 40, 50))


def test_the_crosshair_starts_in_the_middle_and_never_leaves_the_scan(viewing, listen):
    told = listen(viewing.crosshair_changed)
    assert viewing.crosshair == (6, 20, 25)
    viewing.crosshair = (99, -3, 10.6)
    assert viewing.crosshair == (11, 0, 11)
    viewing.crosshair = (11.2, -1, 11.4)
    viewing.crosshair = (float("nan"), 0, 0)
    assert told.heard == [(11, 0, 11)]


def test_scrolling_stops_at_the_ends(viewing):
    viewing.scroll(0, -100)
    viewing.scroll(2, 1)
    assert viewing.crosshair == (0, 20, 26)


def test_the_window_keeps_a_width_and_tells_once(viewing, listen):
    told = listen(viewing.window_changed)
    viewing.window = PRESETS["Lung"]
    viewing.window = PRESETS["Lung"]
    viewing.window = Window(0, -50)
    viewing.window = Window(float("inf"), 100)
    assert told.heard == [PRESETS["Lung"], Window(0, 1)]


def test_overlay(viewing, listen):
    told = listen(viewing.overlay_changed)
    viewing.mask_opacity = 3.0
    viewing.overlay_visible = False
    viewing.overlay_visible = False
    assert (viewing.mask_opacity, viewing.overlay_visible, len(told.heard)) == (1.0, False, 2)


def test_framing(viewing, listen):
    framed = listen(viewing.framing_changed)
    viewing.frame(1, Framing(2.0, (0.25, 0.5)))
    viewing.reset()
    assert framed.heard == [(1, Framing(2.0, (0.25, 0.5))), (1, Framing())]
