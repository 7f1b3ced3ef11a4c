"""Say what foreign labels mean, and let TotalSegmentator find the organs, through the window."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

import scripted_totalsegmentator
from ctstudio.core.labels import Label, LabelMap, LabelTable, standard_table, values_of
from ctstudio.io.writing import write_labels
from desk import GRID, drop_file, open_window, ready, torso, wait_for

CTRL = Qt.KeyboardModifier.ControlModifier
LIVER, SPLEEN, LESION = values_of(["liver", "spleen", "liver_lesion"])
FOREIGN = LabelTable((*standard_table().labels, Label(200, "Leber", (9, 9, 9)), Label(201, "Gewebe 7", (8, 8, 8))))


@pytest.fixture
def window(qtbot, tmp_path, own_home):
    with open_window(tmp_path) as window:
        ready(window)
        window.document.open_volume(torso())
        yield window


def foreign_file(folder):
    array = np.zeros(GRID.shape, np.uint8)
    array[3:9, 30:55, 20:50], array[2:5, 30:40, 55:65] = 200, 201
    path = folder / "other.nii.gz"
    write_labels(LabelMap(array, GRID, FOREIGN), path)
    return path


def imported(window, path) -> None:
    drop_file(window, path)
    wait_for(lambda: window.document.active.mask.present() and not window.opening.busy)


def test_foreign_labels_are_told_once_and_remembered(qtbot, window, tmp_path) -> None:
    path = foreign_file(tmp_path)
    imported(window, path)
    wait_for(lambda: "does not have: 'Leber', 'Gewebe 7'" in window.notices.latest.text)
    assert "Ctrl+M" in window.notices.latest.remedy
    qtbot.keyClick(window.grid.axial, Qt.Key.Key_M, CTRL)
    wait_for(lambda: window.labels.sheet is not None and window.labels.sheet.isVisible())
    sheet = window.labels.sheet
    guessed, unclear = sheet.choices.values()
    assert guessed.currentText() == "liver"  # from its German name
    assert unclear.currentText() == "Keep as it is"
    assert "1 of 2" in sheet.state.text()
    unclear.lineEdit().selectAll()
    qtbot.keyClicks(unclear.lineEdit(), "wombat")
    assert not sheet.ok.isEnabled()
    unclear.lineEdit().selectAll()
    qtbot.keyClicks(unclear.lineEdit(), "spleen")
    assert "Every label has its place" in sheet.state.text()
    sheet.ok.click()
    wait_for(lambda: window.document.active.mask.present() == (SPLEEN, LIVER))
    assert "liver" in window.notices.latest.text

    # Undo brings the foreign labels back with their names.
    qtbot.keyClick(window.grid.axial, Qt.Key.Key_Z, CTRL)
    assert [window.document.active.mask.table.by_value(v).name for v in (200, 201)] == ["Leber", "Gewebe 7"]

    # The next file with these names asks no more.
    window.document.open_volume(torso())
    imported(window, path)
    wait_for(lambda: window.document.active.mask.present() == (SPLEEN, LIVER))
    assert window.notices.latest.text.startswith("As remembered")


def test_without_labels_there_is_nothing_to_map(qtbot, window) -> None:
    qtbot.keyClick(window.grid.axial, Qt.Key.Key_M, CTRL)
    assert "no labels" in window.notices.latest.text
    assert window.labels.sheet is None


def open_organs(qtbot, window):
    qtbot.keyClick(window.grid.axial, Qt.Key.Key_T, CTRL | Qt.KeyboardModifier.ShiftModifier)
    wait_for(lambda: window.organs.looked)
    return window.organs.sheet


def test_without_totalsegmentator_the_sheet_says_how_to_install_it(qtbot, window, monkeypatch, tmp_path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))
    sheet = open_organs(qtbot, window)
    assert "not installed" in sheet.state.text()
    assert sheet.command.text() == 'pip install "ctstudio[totalsegmentator]"'
    assert sheet.command.isVisible()
    assert not sheet.start.isVisible()
    scripted_totalsegmentator.install(tmp_path / "bin")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setenv("TOTALSEG_WEIGHTS_PATH", str(tmp_path / "bin" / "weights"))
    sheet.again.click()
    wait_for(sheet.start.isVisible)
    assert sheet.start.isEnabled()


def installed(monkeypatch, folder, **how: str) -> None:
    scripted_totalsegmentator.install(folder, **how)
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setenv("TOTALSEG_WEIGHTS_PATH", str(folder / "weights"))


def test_organs_become_the_mask_and_a_painted_lesion_stays(qtbot, window, monkeypatch, tmp_path) -> None:
    installed(monkeypatch, tmp_path / "bin", weights="")
    painted = np.zeros(GRID.shape, np.uint8)
    painted[5, 40:44, 60:64] = LESION
    window.document.active.mask.replace(painted, "Paint")
    sheet = open_organs(qtbot, window)
    assert sheet.load.isVisible()
    assert not sheet.start.isEnabled()  # nothing is loaded without a yes
    sheet.load.click()
    QTest.mouseClick(sheet.start, Qt.MouseButton.LeftButton)
    wait_for(lambda: not window.organs.running and not sheet.isVisible())
    mask = window.document.active.mask
    assert mask.present() == (SPLEEN, LIVER, LESION)
    assert (mask.array[5, 41, 61], mask.array[5, 41, 20]) == (LESION, LIVER)
    assert [notice.text for notice in window.notices.items[-2:]] == [
        "Kept from the mask: liver lesion.",
        "Found 2 organs in torso.",
    ]
    window.activateWindow()
    wait_for(lambda: QApplication.activeWindow() is window)
    qtbot.keyClick(window.grid.axial, Qt.Key.Key_Z, CTRL)
    assert mask.present() == (LESION,)


def test_a_search_is_cancelled_and_leaves_the_mask_alone(qtbot, window, monkeypatch, tmp_path) -> None:
    installed(monkeypatch, tmp_path / "bin", script="hang")
    sheet = open_organs(qtbot, window)
    sheet.start.click()
    wait_for(lambda: window.organs.how_far.share == 1.0)
    assert sheet.cancel.isVisible()
    sheet.cancel.click()
    wait_for(lambda: not window.organs.running)
    assert window.document.active.mask.empty
    assert sheet.start.isVisible()


def test_a_failed_search_says_why(qtbot, window, monkeypatch, tmp_path) -> None:
    installed(monkeypatch, tmp_path / "bin", script="fail")
    sheet = open_organs(qtbot, window)
    sheet.start.click()
    wait_for(lambda: window.organs.trouble is not None)
    assert "no such network" in sheet.state.text()
    assert "no such network" in window.notices.latest.text
