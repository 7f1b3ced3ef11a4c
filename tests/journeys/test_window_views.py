"""Looking at a scan: orientation on the screen, crosshair, window, reading, maximise, brush size, refusals."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest

from desk import LIVER, drag, hover, liver, open_window, spot, torso, wheel


@pytest.fixture
def window(qtbot, tmp_path):
    with open_window(tmp_path) as window:
        window.document.open_volume(torso())
        yield window


def _brightest_side(view) -> tuple[str, str]:
    """Where the bright block lies on the screen: left or right, top or bottom."""
    view.show_crosshair(None)
    image = view.grab().toImage()
    bright = [
        (x, y)
        for x in range(40, image.width() - 40, 2)
        for y in range(40, image.height() - 40, 2)
        if image.pixelColor(x, y).red() == image.pixelColor(x, y).blue() > 240
    ]
    assert len(bright) > 50
    x, y = (sum(values) / len(bright) for values in zip(*bright, strict=True))
    return ("left" if x < image.width() / 2 else "right"), ("top" if y < image.height() / 2 else "bottom")


def test_patient_right_is_on_the_left_and_the_head_on_top(window) -> None:
    window.document.active.viewing.crosshair = (9, 20, 22)
    assert _brightest_side(window.grid.axial) == ("left", "top")
    assert _brightest_side(window.grid.coronal) == ("left", "top")
    assert _brightest_side(window.grid.sagittal) == ("left", "top")


def test_a_click_moves_the_crosshair_of_every_view(window) -> None:
    case, axial = window.document.active, window.grid.axial
    drag(axial, [spot(axial, (case.viewing.crosshair[0], 20, 22))])
    assert case.viewing.crosshair[1:] == (20, 22)
    assert (window.grid.coronal.item.index, window.grid.sagittal.item.index) == (20, 22)
    hover(window.grid.coronal, spot(window.grid.coronal, (9, 20, 50)), Qt.KeyboardModifier.ShiftModifier)
    assert case.viewing.crosshair == (9, 20, 50)
    assert axial.item.index == 9


def test_the_view_reads_value_and_label_under_the_cursor(window) -> None:
    window.document.import_mask(liver())
    axial = window.grid.axial
    window.document.active.viewing.crosshair = (5, 40, 48)
    hover(axial, spot(axial, (5, 40, 30)))
    assert axial._reading == "40 HU    liver"
    hover(axial, spot(axial, (5, 2, 2)))
    assert axial._reading == "-1000 HU"


def test_wheel_keys_and_window_drag(qtbot, window) -> None:
    case, axial = window.document.active, window.grid.axial
    start = case.viewing.crosshair[0]
    wheel(axial, 2)
    assert case.viewing.crosshair[0] == start + 2
    axial.setFocus()
    qtbot.keyClick(axial, Qt.Key.Key_Down)
    assert case.viewing.crosshair[0] == start + 1
    qtbot.keyClick(axial, Qt.Key.Key_Home)
    assert case.viewing.crosshair[0] == 11
    qtbot.keyClick(axial, Qt.Key.Key_4)
    drag(axial, [QPoint(200, 200), QPoint(230, 200), QPoint(260, 190)])
    assert case.viewing.window.width_hu > 420
    assert case.viewing.window.level_hu < 40


def test_zoom_pan_and_reset(qtbot, window) -> None:
    axial = window.grid.axial
    whole = axial.pixels_per_mm
    drag(axial, [QPoint(200, 300), QPoint(200, 250)], Qt.MouseButton.RightButton)
    assert axial.pixels_per_mm > whole * 1.3
    centre = axial.shown_mm.center().x()
    drag(axial, [QPoint(200, 300), QPoint(260, 300)], Qt.MouseButton.MiddleButton)
    assert axial.shown_mm.center().x() < centre - 5
    axial.setFocus()
    qtbot.keyClick(axial, Qt.Key.Key_R)
    assert axial.pixels_per_mm == pytest.approx(whole, rel=1e-3)


def test_double_click_makes_a_view_large_and_back(window) -> None:
    coronal = window.grid.coronal
    QTest.mouseDClick(coronal, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, QPoint(60, 60))
    assert window.grid.large is coronal
    assert not window.grid.axial.isVisible()
    window.grid.maximise(coronal)
    assert window.grid.axial.isVisible()


def test_brush_size_sphere_and_temporary_eraser(qtbot, window) -> None:
    case, axial = window.document.active, window.grid.axial
    axial.setFocus()
    qtbot.keyClick(axial, Qt.Key.Key_2)
    before = case.mask.brush.radius_mm
    wheel(axial, 2, Qt.KeyboardModifier.ShiftModifier)
    assert case.mask.brush.radius_mm > before
    qtbot.keyClick(axial, Qt.Key.Key_BracketLeft)
    qtbot.keyClick(axial, Qt.Key.Key_B)
    assert case.mask.brush.sphere
    case.viewing.crosshair = (5, 40, 48)
    drag(axial, [spot(axial, (5, 40, 48))])
    assert case.mask.array[4, 40, 48] == LIVER
    QTest.mouseClick(axial, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.ControlModifier, spot(axial, (5, 40, 48)))
    assert case.mask.empty
    qtbot.keyClick(axial, Qt.Key.Key_X)
    assert window.tools.tool.title == "Eraser"


def test_paint_shows_at_once_in_the_label_s_colour(qtbot, window) -> None:
    case, axial = window.document.active, window.grid.axial
    case.viewing.mask_opacity = 1.0
    case.viewing.crosshair = (5, 60, 80)
    window.tools.take(_brush())
    place = spot(axial, (5, 30, 40))
    drag(axial, [place])
    hover(axial, QPoint(5, 5))
    colour = axial.grab().toImage().pixelColor(place)
    assert (colour.red(), colour.green(), colour.blue()) == case.mask.table.by_value(LIVER).colour
    qtbot.keyClick(axial, Qt.Key.Key_G)
    assert axial.grab().toImage().pixelColor(place).red() == axial.grab().toImage().pixelColor(place).blue()


def test_a_stroke_that_changes_nothing_says_why(window) -> None:
    case, axial = window.document.active, window.grid.axial
    window.tools.take(_brush())
    case.mask.lock(LIVER)
    drag(axial, [spot(axial, (case.viewing.crosshair[0], 40, 48))])
    assert "locked" in window.bar.notices.text


def _brush():
    from ctstudio.ui.tools import Tool

    return Tool.BRUSH
