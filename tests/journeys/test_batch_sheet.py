"""A data set from the window: the sheet, the process beside it, cancel, go on, and the window closed meanwhile."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import psutil
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog

import scripted_batch
from ctstudio.catalog.model_card import ModelInfo
from ctstudio.core.grid import Grid
from ctstudio.core.labels import values_of
from ctstudio.io.batch_folder import done_cases
from ctstudio.jobs.batch_runs import BatchRuns
from ctstudio.ui.batch_sheet import BatchSheet
from ctstudio.ui.main_window import MainWindow
from desk import open_window, ready, wait_for
from small_masks import GRID, KNOWN, blocks, model_info, put_mask
from tiny_na_diff import SMALL, write_tiny_model

[LIVER] = values_of(["liver"])
LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def masks(tmp_path: Path) -> Path:
    for number in range(3):
        put_mask(tmp_path / "masks" / f"p{number}.nii.gz", blocks((1, 2, 3 + number), shift=number))
    return tmp_path / "masks"


@pytest.fixture
def shelf(own_home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A model without weights as a folder; the scripted engine asks for none."""
    folder = own_home / "few"
    folder.mkdir()
    info: ModelInfo = model_info(KNOWN).model_copy(update={"files": {}})
    info.write(folder)
    return folder


@pytest.fixture
def make_runs(tmp_path: Path) -> Iterator[Callable[[float], BatchRuns]]:
    made: list[BatchRuns] = []

    def make(seconds_a_step: float = 0.02) -> BatchRuns:
        made.append(BatchRuns(tmp_path / "batches", scripted_batch.command(seconds_a_step)))
        return made[-1]

    yield make
    for runs in made:
        for status in runs.statuses():
            if not status.over:
                runs.stop(status.folder.parent)
        for child in runs._children:
            child.wait(30)


def opened(window: MainWindow, runs: BatchRuns, model: Path) -> BatchSheet:
    """The sheet, by its button on the Generate page."""
    window.pages.data_sets.start(runs)
    ready(window)
    window.form.model = str(model)
    window.show_page(1)
    window.generator.data_set.click()
    sheet = window.pages.data_sets.sheet
    assert sheet is not None
    return sheet


def filled(sheet: BatchSheet, masks: Path, out: Path, doses: str = "10 %, 50 %", seeds: str = "0-1") -> None:
    lines = sheet.fields.lines
    for name, text in (("masks", str(masks)), ("out", str(out)), ("dose", doses), ("seed", seeds)):
        lines[name].setText(text)
    wait_for(lambda: not sheet._link.checking, 60)


def test_from_the_sheet_to_a_finished_data_set(qtbot, tmp_path: Path, masks: Path, shelf: Path, make_runs) -> None:
    with open_window(tmp_path) as window:
        sheet = opened(window, make_runs(), shelf)
        assert not sheet.start_button.isEnabled()
        filled(sheet, masks, tmp_path / "raw")
        assert "3 masks × 4 = 12 samples, 20 cases" in sheet.summary.text()
        assert "are free" in sheet.summary.text()
        assert "Labels: liver" in sheet.summary.text()
        assert "fewer than 3 slices" in sheet.mind.text()
        wait_for(lambda: "about" in sheet.summary.text(), 60)
        assert not (tmp_path / "raw").exists()
        qtbot.mouseClick(sheet.start_button, LEFT)
        chip = window.pages.data_sets.chip
        wait_for(chip.isVisible, 60)
        assert not sheet.start_button.isEnabled()
        wait_for(lambda: sheet._link.batches.shown.info.state == "finished", 90)
        wait_for(lambda: not chip.isVisible())
        folder = tmp_path / "raw" / "Dataset501_Synthetic"
        assert json.loads((folder / "dataset.json").read_text())["numTraining"] == 20
        assert len(list((folder / "imagesTr").iterdir())) == 20
        assert "finished" in sheet.state.full
        assert any("Dataset501_Synthetic is finished" in n.text for n in window.notices.items)
        wait_for(lambda: "Nothing is left" in sheet.summary.text(), 30)
        assert not sheet.start_button.isEnabled()


def test_cancel_and_go_on(qtbot, tmp_path: Path, masks: Path, shelf: Path, make_runs) -> None:
    with open_window(tmp_path) as window:
        sheet = opened(window, make_runs(0.1), shelf)
        filled(sheet, masks, tmp_path / "raw")
        qtbot.mouseClick(sheet.start_button, LEFT)
        folder = tmp_path / "raw" / "Dataset501_Synthetic"
        wait_for(lambda: done_cases(folder), 60)
        window.pages.data_sets.chip.stop.click()
        wait_for(lambda: sheet._link.batches.shown.info.state == "stopped", 60)
        done = len(done_cases(folder))
        assert 0 < done < 20
        assert "stopped" in sheet.state.full
        assert any("was stopped after" in n.text for n in window.notices.items)
        qtbot.mouseClick(sheet.go_on_button, LEFT)
        wait_for(lambda: sheet._link.batches.shown.info.state == "finished", 120)
        assert len(done_cases(folder)) == 20


def test_it_outlives_the_window_and_a_killed_one_goes_on(tmp_path: Path, masks: Path, shelf: Path, make_runs) -> None:
    folder = tmp_path / "raw" / "Dataset501_Synthetic"
    with open_window(tmp_path) as window:
        sheet = opened(window, make_runs(0.1), shelf)
        filled(sheet, masks, tmp_path / "raw")
        sheet.start_button.click()
        wait_for(lambda: done_cases(folder) and sheet._link.batches.at_work.info.pid, 60)
        pid = sheet._link.batches.at_work.info.pid
    assert psutil.pid_exists(pid)
    with open_window(tmp_path) as window:
        link = window.pages.data_sets.start(make_runs(0.02))
        wait_for(lambda: link.batches.at_work is not None, 30)
        assert window.pages.data_sets.chip.isVisible()
        psutil.Process(pid).kill()
        wait_for(lambda: link.batches.at_work is None, 30)
        assert any("has failed" in n.text for n in window.notices.items)
    with open_window(tmp_path) as window:
        sheet = opened(window, make_runs(0.02), shelf)
        wait_for(lambda: any("is not finished" in n.text for n in window.notices.items), 30)
        wait_for(sheet.go_on_button.isVisible, 30)
        sheet.go_on_button.click()
        wait_for(lambda: sheet._link.batches.shown.info.state == "finished", 120)
        assert json.loads((folder / "dataset.json").read_text())["numTraining"] == 20


def test_bad_choices_stand_in_the_sheet_and_start_nothing(tmp_path: Path, masks: Path, shelf: Path, make_runs) -> None:
    with open_window(tmp_path) as window:
        sheet = opened(window, make_runs(), shelf)
        filled(sheet, masks, tmp_path / "raw", doses="")
        assert "empty" in sheet.summary.text()
        for name, text, said in (
            ("dose", "5 %, 150 %", "outside"),
            ("seed", "3-1", "3-1"),
            ("labels", "spleen", "No mask holds spleen"),
            ("name", "Liver", "nnU-Net"),
            ("patient_pattern", "(", "regular expression"),
            ("masks", str(tmp_path / "nowhere"), "does not exist"),
            ("out", str(shelf / "model.json"), "not saved"),
        ):
            line = sheet.fields.lines[name]
            before = line.text() if name != "dose" else "10 %"
            line.setText(text)
            wait_for(lambda: not sheet._link.checking, 30)
            assert said in sheet.summary.text(), (name, sheet.summary.text())
            assert not sheet.start_button.isEnabled()
            line.setText(before)
        put = masks / "colours.png"
        put.write_bytes(b"\x89PNG torn")
        sheet._link.check_soon()
        wait_for(lambda: not sheet._link.checking, 30)
        assert "colours.png" in sheet.summary.text()
        sheet.fields.leave_out.click()
        wait_for(lambda: sheet._link.check is not None, 30)
        assert "Left out: colours.png" in sheet.mind.text()
        assert sheet.start_button.isEnabled()
        assert not (tmp_path / "raw").exists()


def test_chips_and_the_list_of_doses_say_the_same(tmp_path: Path, shelf: Path, make_runs) -> None:
    with open_window(tmp_path) as window:
        fields = opened(window, make_runs(), shelf).fields
        fields.lines["dose"].setText("0.1, 12.5 %")
        assert [dose for dose, chip in fields.chips.items() if chip.isChecked()] == [0.1]
        fields.chips[1.0].click()
        assert fields.lines["dose"].text() == "10 %, 12.5 %, 100 %"
        fields.chips[0.1].click()
        assert fields.lines["dose"].text() == "12.5 %, 100 %"


def test_painting_never_waits_for_many_masks(tmp_path: Path, shelf: Path, make_runs) -> None:
    """The window's own thread stays free while masks are read."""
    grid = Grid.centred((40, 200, 200), (2.0, 2.0, 2.0))
    array = np.zeros(grid.shape, np.uint8)
    array[5:30, 50:150, 50:150] = LIVER
    for number in range(6):
        array[number] = 0
        put_mask(tmp_path / "masks" / f"m{number}.nii.gz", array, grid)
    with open_window(tmp_path) as window:
        sheet = opened(window, make_runs(), shelf)
        window.grab()
        sheet.fields.lines["masks"].setText(str(tmp_path / "masks"))
        longest, until = 0.0, time.monotonic() + 60
        while sheet._link.checking and time.monotonic() < until:
            before = time.thread_time()
            qt_turn()
            longest = max(longest, time.thread_time() - before)
        assert sheet._link.check is not None, sheet._link.trouble
        assert longest < 0.3


def qt_turn() -> None:
    from PySide6.QtTest import QTest

    QTest.qWait(5)


def test_the_sheet_is_in_palette_help_and_on_a_key(qtbot, tmp_path: Path, make_runs) -> None:
    with open_window(tmp_path) as window:
        window.pages.data_sets.start(make_runs())
        commands = [c for c in window.actions_table.commands if "data set" in c.title and c.menu == "Generate"]
        assert [c.keys for c in commands] == [("Ctrl+Shift+G",)]
        keys = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier
        window.activateWindow()
        wait_for(window.isActiveWindow)
        qtbot.keyClick(window.grid.axial, Qt.Key.Key_G, keys)
        wait_for(lambda: isinstance(window.pages.data_sets.sheet, QDialog))
        assert window.pages.data_sets.sheet.isVisible()
        window.open_help()
        assert "Make a data set of many masks" in window.help_sheet.page.toPlainText()


@pytest.mark.timeout(400)
def test_with_the_real_engine(tmp_path: Path, own_home: Path) -> None:
    model = write_tiny_model(own_home / "tiny", changes=SMALL)
    put_mask(tmp_path / "masks" / "a.nii.gz", blocks((2,)), Grid.centred(GRID.shape, (6.0, 6.0, 5.0)))
    with open_window(tmp_path) as window:
        sheet = opened(window, BatchRuns(), model)
        window.form.set("steps", 4)
        filled(sheet, tmp_path / "masks", tmp_path / "raw", "10 %", "0")
        sheet.start_button.click()
        wait_for(lambda: sheet._link.batches.shown and sheet._link.batches.shown.info.state == "finished", 300)
        assert (tmp_path / "raw" / "Dataset501_Synthetic" / "dataset.json").is_file()
