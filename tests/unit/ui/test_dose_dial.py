"""The dose dial: its scale, its keys, its mouse."""

import pytest
from PySide6.QtCore import QPoint, Qt

from ctstudio.ui.dose_dial import PAPER_DOSES, DoseDial, dose_at, position_of


@pytest.fixture
def dial(qtbot) -> DoseDial:
    dial = DoseDial()
    dial.resize(280, 214)
    qtbot.addWidget(dial)
    dial.show()
    return dial


def test_the_scale_is_logarithmic_and_closed() -> None:
    assert position_of(0.05) == 0
    assert position_of(1.0) == 1
    assert position_of(0.10) - position_of(0.05) == pytest.approx(position_of(1.0) - position_of(0.5))
    assert all(dose_at(position_of(dose)) == pytest.approx(dose) for dose in PAPER_DOSES)


def test_keys_turn_it_and_stop_at_the_ends(qtbot, dial) -> None:
    qtbot.keyClick(dial, Qt.Key.Key_PageUp)
    assert dial.dose == 0.5
    qtbot.keyClick(dial, Qt.Key.Key_End)
    qtbot.keyClick(dial, Qt.Key.Key_Up)
    assert dial.dose == 1.0
    qtbot.keyClick(dial, Qt.Key.Key_Home)
    qtbot.keyClick(dial, Qt.Key.Key_Down)
    assert dial.dose == 0.05
    qtbot.keyClick(dial, Qt.Key.Key_Up)
    assert dial.dose == 0.06


@pytest.mark.parametrize("dose", PAPER_DOSES)
def test_a_click_on_a_tick_gives_exactly_that_dose(qtbot, dial, dose) -> None:
    dial.set_dose(0.33)
    place = dial._place(dose, dial._circle()[1])
    with qtbot.waitSignal(dial.changed):
        qtbot.mouseClick(dial, Qt.MouseButton.LeftButton, pos=QPoint(round(place.x()), round(place.y())))
    assert dial.dose == pytest.approx(dose)


def test_it_says_only_real_changes(qtbot, dial) -> None:
    heard: list[float] = []
    dial.changed.connect(heard.append)
    dial.set_dose(0.25)
    dial.set_dose(0.4)
    dial.set_dose(7.0)
    assert heard == [0.4, 1.0]


def test_the_dose_and_the_noise_are_painted(dial) -> None:
    before = dial.grab().toImage()
    dial.show_noise(31.0)
    assert dial.grab().toImage() != before
