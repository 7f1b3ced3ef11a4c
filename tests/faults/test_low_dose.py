"""The live low dose when the engine dies under it, or cannot do it."""

from __future__ import annotations

from ctstudio.ui.page_order import LOW_DOSE_PAGE
from desk import open_window, ready, torso, wait_for


def test_a_dead_engine_is_said_and_the_preview_goes_on_after_a_restart(qtbot, tmp_path) -> None:
    with open_window(tmp_path, "noise_dies", once=True) as window:
        ready(window)
        case = window.document.open_volume(torso())
        window.show_page(LOW_DOSE_PAGE)
        link = window.pages.low_dose
        wait_for(lambda: window.link.client.status == "dead")
        assert "Restart" in link.panel.words.text()
        assert window.grid.axial.volume is case.volume
        link.panel.dial.set_dose(0.1)
        assert window.grid.generated.volume is None
        window.link.restart()
        wait_for(lambda: link.session.noise is not None)
        assert window.grid.generated.badge == "SIMULATED 10 %"
        assert window.grid.generated.volume is not None
        assert link.panel.words.text() == ""


def test_what_the_engine_refuses_is_said_on_the_page_and_other_settings_are_tried(qtbot, tmp_path) -> None:
    with open_window(tmp_path, "noise_fails") as window:
        ready(window)
        window.document.open_volume(torso())
        window.show_page(LOW_DOSE_PAGE)
        link = window.pages.low_dose
        wait_for(lambda: "NaN" in link.panel.words.text())
        assert window.grid.generated.volume is None
        link.panel.dial.set_dose(0.1)
        assert "NaN" in link.panel.words.text()
        link.session.set("kernel", "sharp")
        assert "Measuring" in link.panel.words.text()
        wait_for(lambda: "NaN" in link.panel.words.text())
        window.show_page(0)
        assert window.grid.axial.volume is not None
