"""The Low dose page: turn the dial and see the slice at that dose, beside the original; simulate the whole; save it."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from ctstudio.core.volume import Volume
from ctstudio.io.reading import read_volume
from ctstudio.session.saving import save_sample
from ctstudio.ui.page_order import LOW_DOSE_PAGE
from desk import liver, open_window, ready, torso, wait_for, wheel

PAGE = LOW_DOSE_PAGE


@pytest.fixture
def window(qtbot, tmp_path):
    with open_window(tmp_path) as window:
        ready(window)
        window.document.open_volume(torso())
        window.show_page(PAGE)
        yield window


def simulated(window) -> np.ndarray:
    """What the view beside the original shows."""
    shown = window.grid.generated.volume
    assert shown is not None
    return shown.array[window.grid.generated.item.index]


def noise_sd(window) -> float:
    """Of the difference to the original, in the slice in sight."""
    case = window.document.active
    return float((simulated(window) - case.volume.array[case.viewing.crosshair[0]]).std())


def live(window) -> None:
    """Wait for the noise of the slice in sight."""
    wait_for(lambda: window.pages.low_dose.session.noise is not None)


def test_the_dial_changes_the_slice_beside_the_original_at_once(window) -> None:
    before = window.document.active.volume.array.copy()
    live(window)
    assert (window.grid.generated.badge, window.grid.generated.synthetic) == ("SIMULATED 25 %", True)
    assert window.grid.generated.title == "Low dose   7 / 12"
    assert noise_sd(window) == pytest.approx(10 * np.sqrt(3), rel=0.05)
    window.pages.low_dose.panel.dial.set_dose(0.05)
    assert noise_sd(window) == pytest.approx(10 * np.sqrt(19), rel=0.05)
    assert window.grid.generated.badge == "SIMULATED 5 %"
    window.pages.low_dose.panel.dial.set_dose(1.0)
    assert noise_sd(window) == 0.0
    assert np.array_equal(window.document.active.volume.array, before)
    assert not window.grid.axial.synthetic


def test_scrolling_simulates_the_new_slice_and_links_the_views(window) -> None:
    live(window)
    first = simulated(window) - window.document.active.volume.array[6]
    wheel(window.grid.axial, 2)
    live(window)
    case = window.document.active
    assert case.viewing.crosshair[0] == 8
    assert window.grid.generated.title == "Low dose   9 / 12"
    assert noise_sd(window) == pytest.approx(10 * np.sqrt(3), rel=0.05)
    assert not np.allclose(simulated(window) - case.volume.array[8], first)
    wheel(window.grid.generated, -1)
    assert case.viewing.crosshair[0] == 7


def test_keys_turn_the_dial_and_the_preview_on_and_off(qtbot, window) -> None:
    live(window)
    window.grid.axial.setFocus()
    qtbot.keyClick(window.grid.axial, Qt.Key.Key_Comma)
    assert window.pages.low_dose.panel.dial.dose == 0.10
    qtbot.keyClick(window.grid.axial, Qt.Key.Key_Period)
    assert window.pages.low_dose.panel.dial.dose == 0.25
    qtbot.keyClick(window.grid.axial, Qt.Key.Key_V)
    assert window.grid.generated.volume is None
    assert not window.pages.low_dose.panel.live.isChecked()
    window.pages.low_dose.panel.dial.set_dose(0.5)
    live(window)
    assert window.pages.low_dose.panel.live.isChecked()
    assert noise_sd(window) == pytest.approx(10.0, rel=0.05)
    qtbot.keyClick(window.grid.axial, Qt.Key.Key_1, Qt.KeyboardModifier.ControlModifier)
    assert window.page == 0
    qtbot.keyClick(window.grid.axial, Qt.Key.Key_V)
    assert window.page == PAGE


def test_sd_and_spectrum_of_scan_and_simulation_are_measured_in_a_region_that_is_drawn(window) -> None:
    link = window.pages.low_dose
    live(window)
    wait_for(lambda: link.reading is not None)
    reading = link.reading
    assert reading.own_sd_hu < 1
    assert reading.simulated_sd_hu == pytest.approx(10 * np.sqrt(3), rel=0.2)
    assert "simulated" in link.panel.measured.text()
    wait_for(lambda: link.panel.plots is not None and link.panel.plots.sd._used == 3)
    assert link.panel.plots.spectrum._used >= 1
    assert window.grid.axial.region is not None
    link.panel.crosshair.click()
    window.document.active.viewing.crosshair = (6, 40, 30)
    wait_for(lambda: link.reading is not None and abs(link.reading.centre[1] - 30) < 1)
    window.show_page(0)
    wait_for(lambda: window.grid.axial.region is None)


def test_the_whole_scan_becomes_a_result_that_is_compared_and_saved(window, tmp_path) -> None:
    link = window.pages.low_dose
    live(window)
    link.panel.dial.set_dose(0.1)
    QTest.mouseClick(link.panel.whole, Qt.MouseButton.LeftButton)
    case = window.document.active
    wait_for(lambda: case.results.items)
    [thumbnail] = window.strip.thumbnails
    assert thumbnail.card.dose == 0.1
    assert window.grid.generated.badge == "SIMULATED 10 %"  # still the live slice
    QTest.mouseClick(thumbnail, Qt.MouseButton.LeftButton)
    assert not link.session.on
    assert window.grid.generated.volume is case.results.items[0].sample.outputs["ct"]
    assert window.grid.generated.title == "Low dose"
    assert window.grid.generated.badge == "SIMULATED 10 %"
    folder = save_sample(case, case.results.items[0], tmp_path)
    back = read_volume(folder / "ct.nii.gz")
    assert isinstance(back, Volume)
    assert back.synthetic
    assert (back.array - case.volume.array).std() == pytest.approx(30.0, rel=0.05)


def test_a_running_simulation_is_cancelled(qtbot, tmp_path) -> None:
    with open_window(tmp_path, "slow") as window:
        ready(window)
        window.document.open_volume(torso())
        window.show_page(PAGE)
        window.generate()
        wait_for(lambda: "slice" in window.link.state().text)
        window.link.cancel()
        wait_for(lambda: not window.link.client.running)
        assert window.document.active.results.items == ()
        assert "cancelled" in window.notices.latest.text


def test_cases_that_cannot_be_simulated_say_why_and_harm_nothing(window) -> None:
    link = window.pages.low_dose
    window.document.open_mask(liver())
    assert "no scan" in link.panel.words.text()
    assert not link.panel.whole.isEnabled()
    assert window.grid.generated.volume is None
    window.generate()
    assert "no scan" in window.notices.latest.text
    window.step_case(-1)
    live(window)
    assert link.panel.whole.isEnabled()
    for case in window.document.cases:
        window.document.remove(case)
    assert window.grid.generated.volume is None
    window.generate()
    assert "no scan" in window.notices.latest.text


def test_the_mask_is_outlined_beside_the_simulated_slice_and_filled_elsewhere(window) -> None:
    window.document.import_mask(liver())
    inside = window.grid.axial.point_of((6, 42, 35)).toPoint()
    hidden = window.grid.axial.grab().toImage().pixelColor(inside)
    assert hidden.red() == hidden.green() == hidden.blue()
    window.show_page(0)
    inside = window.grid.axial.point_of((6, 42, 35)).toPoint()
    filled = window.grid.axial.grab().toImage().pixelColor(inside)
    assert len({filled.red(), filled.green(), filled.blue()}) > 1


def test_palette_and_help_know_the_page(window) -> None:
    titles = [command.title for command in window.actions_table.commands]
    for title in ("Low dose page", "Live low dose, on and off", "Lower dose", "Higher dose"):
        assert titles.count(title) == 1
    window.open_help()
    text = window.help_sheet.page.toPlainText()
    assert "lower dose" in text.lower()
