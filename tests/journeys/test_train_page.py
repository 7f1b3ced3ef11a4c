"""Training through the real window, with a stand-in for the training process that writes the real files."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import psutil
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt, QTimer
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QApplication, QSpinBox, QWidget

import scripted_trainer
from ctstudio.catalog.dataset import read_dataset
from ctstudio.catalog.recipes import recipe_from
from ctstudio.catalog.shelf import Shelf
from ctstudio.core.windows import PRESETS
from ctstudio.io.writing import write_labels, write_volume
from ctstudio.jobs.training_runs import TrainingRuns
from ctstudio.protocol.training_run import RunFiles, RunInfo, Wanted, append_record, read_record, replace_record
from ctstudio.ui.main_window import MainWindow
from ctstudio.ui.train_page import TrainPage
from desk import liver, open_window, torso, wait_for

CTRL_SHIFT = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier
RECIPE = recipe_from(scripted_trainer.settings(4000, "LoRA on local data"))


@pytest.fixture
def calls(tmp_path: Path) -> Path:
    return tmp_path / "calls"


@pytest.fixture
def make_runs(tmp_path: Path, calls: Path) -> Iterator[Callable[..., TrainingRuns]]:
    """Runs in a home of the test's own; what still runs at the end is stopped."""
    made: list[TrainingRuns] = []

    def make(script: str = "steady") -> TrainingRuns:
        made.append(TrainingRuns(tmp_path / "data" / "training", scripted_trainer.command(script, calls)))
        return made[-1]

    yield make
    for runs in made:
        for status in runs.statuses():
            if not status.over:
                runs.wish(status.folder, "stop")
    for runs in made:
        for child in runs._children:
            child.wait(15)


def train_page(window: MainWindow) -> TrainPage:
    """The page, with one recipe and one model to choose."""
    page = window.pages.train()
    wait_for(lambda: page.form.recipes and page.link.shelf.models)
    page.form.offer((RECIPE,))
    page.form.take(RECIPE)
    page.link._take_shelf(Shelf((scripted_trainer.model(), scripted_trainer.model("a-pet-model", "petct")), ()))
    return page


def finished_run(runs: TrainingRuns, name: str = "done", steps: int = 60, **more: object) -> Path:
    """A run that ended earlier."""
    files = RunFiles(runs.places.home.resolve() / name)
    files.folder.mkdir(parents=True)
    for step in range(1, steps + 1):
        append_record(files.steps, scripted_trainer.step_line(step))
    for step in (20, 40):
        scripted_trainer.write_validation(files, step)
        for number in (1, 2):
            scripted_trainer.write_sample(files, step, number)
    info = RunInfo(
        id=name, recipe="r", title=name, system="na_diff", settings=RECIPE.model_dump(mode="json"), state="finished",
        stage="denoiser", stages=("denoiser",), step=steps, steps=steps, started="2026-01-01T00:00:00+00:00",
    )  # fmt: skip
    replace_record(files.info, info.model_copy(update=more))
    return files.folder


def state_of(page: TrainPage) -> str:
    return "" if page.training.chosen is None else page.training.chosen.info.state


def points_drawn(page: TrainPage) -> list[int]:
    """Points of every curve of the loss."""
    items = page.plots.loss.plot.getPlotItem().listDataItems()
    return [len(item.xData) for item in items if item.xData is not None] or [0]


def turn_wheel(box: QWidget) -> None:
    """Turn the wheel one notch up over a box."""
    at = QPointF(box.rect().center())
    event = QWheelEvent(
        at, box.mapToGlobal(at), QPoint(), QPoint(0, 120), Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QApplication.sendEvent(box, event)


def said(calls: Path) -> list[list[str]]:
    return [json.loads(line) for line in calls.read_text().splitlines()] if calls.exists() else []


def test_start_pause_resume_stop_and_resume(qtbot, tmp_path: Path, make_runs, calls: Path) -> None:
    with open_window(tmp_path, runs=make_runs()) as window:
        page = train_page(window)
        assert page.middle.currentIndex() == 0
        page.new_run.title.setText("First try")
        qtbot.mouseClick(page.new_run.start, Qt.MouseButton.LeftButton)
        wait_for(lambda: state_of(page) == "running")
        folder = page.training.chosen.folder
        assert folder.name == "first-try"
        assert "goes on when the window is closed" in " ".join(n.text for n in window.notices.items)

        # It is seen learning: curves, validation, samples, all live.
        wait_for(lambda: len(page.training.curves(folder).stages.get("denoiser", ())) > 30)
        wait_for(lambda: page.plots.loss.value.text() and page.plots.validation.value.text())
        wait_for(lambda: page.samples.cells and page.samples.cells[0].view.volume is not None)
        assert page.samples.cells[0].view.synthetic
        assert "left" in page.list.row(folder).state.text()
        assert page.list.row(folder).title.full == "First try"

        # Pause and resume by key, stop by button.
        page.list.list.setFocus()
        qtbot.keyClick(page.list.list, Qt.Key.Key_P, CTRL_SHIFT)
        wait_for(lambda: state_of(page) == "paused")
        assert read_record(RunFiles(folder).wanted, Wanted).wish == "pause"
        assert page.head.buttons["pause"].text() == "Resume"
        qtbot.keyClick(page.list.list, Qt.Key.Key_P, CTRL_SHIFT)
        wait_for(lambda: state_of(page) == "running")
        qtbot.mouseClick(page.head.buttons["stop"], Qt.MouseButton.LeftButton)
        wait_for(lambda: state_of(page) == "stopped")
        assert read_record(RunFiles(folder).wanted, Wanted).wish == "stop"

        # A stopped run starts again with --resume and keeps its curves.
        before = len(page.training.curves(folder).stages["denoiser"])
        qtbot.mouseClick(page.head.buttons["pause"], Qt.MouseButton.LeftButton)
        wait_for(lambda: state_of(page) == "running")
        wait_for(lambda: len(page.training.curves(folder).stages["denoiser"]) > before)
        assert said(calls)[-1][-1] == "--resume"


def test_a_run_outlives_the_window_and_is_found_again(qtbot, tmp_path: Path, make_runs) -> None:
    runs = make_runs()
    with open_window(tmp_path, runs=runs) as window:
        page = train_page(window)
        page.deeds.start()
        wait_for(lambda: state_of(page) == "running")
        pid = page.training.chosen.info.pid
    assert psutil.pid_exists(pid)
    with open_window(tmp_path, runs=make_runs()) as window:
        page = window.pages.train()
        wait_for(lambda: state_of(page) == "running")
        assert page.training.chosen.info.pid == pid
        psutil.Process(pid).kill()
        wait_for(lambda: state_of(page) == "failed")
        assert "ended without saying why" in page.head.trouble.text()
        assert "failed" in window.bar.notices.text


def test_bad_choices_are_named_before_the_first_step(qtbot, tmp_path: Path, make_runs, calls: Path) -> None:
    with open_window(tmp_path, runs=make_runs()) as window:
        page = train_page(window)
        page.new_run.choices.model.setCurrentIndex(1)
        page.new_run.choices.model.activated.emit(1)
        wait_for(lambda: page.new_run.problems.findings)
        assert "model of petct" in str(page.new_run.problems.findings[0])
        qtbot.mouseClick(page.new_run.start, Qt.MouseButton.LeftButton)
        wait_for(lambda: "model of petct" in window.bar.notices.text)
        page.form.base = "na-diff-demo"
        wait_for(lambda: not page.new_run.problems.findings)
        (tmp_path / "file").write_text("")
        page.form.folder = tmp_path / "file" / "run"
        wait_for(lambda: page.new_run.problems.findings)
        assert "cannot be written" in str(page.new_run.problems.findings[0])
        line = page.new_run.settings.findChild(type(page.new_run.title), "parameter-denoiser.learning_rate")
        line.setText("quick")
        line.editingFinished.emit()
        assert "Learning rate" in window.bar.notices.text
        assert line.text() == "0.0001"
        assert said(calls) == []

        # Scrolling past a box does not change it; with the focus the wheel does.
        steps = page.new_run.settings.findChild(QSpinBox, "parameter-denoiser.steps")
        page.new_run.title.setFocus()
        turn_wheel(steps)
        assert steps.value() == 4000
        steps.setFocus()
        turn_wheel(steps)
        assert page.form.value("denoiser.steps") == 4001


def test_what_the_trainer_refuses_is_told(qtbot, tmp_path: Path, make_runs) -> None:
    with open_window(tmp_path, runs=make_runs("refuse")) as window:
        page = train_page(window)
        page.deeds.start()
        wait_for(lambda: state_of(page) == "failed")
        assert "another system" in page.head.trouble.text()
        qtbot.mouseClick(page.head.buttons["log"], Qt.MouseButton.LeftButton)
        wait_for(lambda: "another system" in page.sheet.text.toPlainText())


def test_estimate_clone_compare_promote_and_remove(qtbot, tmp_path: Path, make_runs, calls: Path) -> None:
    runs = make_runs()
    done, other = finished_run(runs), finished_run(runs, "other", 90, started="2025-01-01T00:00:00+00:00")
    with open_window(tmp_path, runs=runs) as window:
        page = train_page(window)
        wait_for(lambda: len(page.training.runs) == 2)
        assert page.training.chosen.folder == done
        page.new_run.price.setValue(2.0)
        qtbot.mouseClick(page.new_run.estimate, Qt.MouseButton.LeftButton)
        wait_for(lambda: "1 h 30 min" in page.new_run.estimated.text())
        assert "Memory 3 GB" in page.new_run.estimated.text()
        assert "Cost 3.00" in page.new_run.estimated.text()
        assert said(calls)[-1][-2:] == ["--price", "2"]

        # Another choice makes the estimate void; so it does with one under way.
        page.form.set("denoiser.steps", 100)
        assert not page.new_run.estimated.isVisible()
        qtbot.mouseClick(page.new_run.estimate, Qt.MouseButton.LeftButton)
        assert page.new_run.estimate.text() == "Cancel estimate"
        page.form.set("denoiser.steps", 200)
        wait_for(lambda: not page.deeds.estimating)
        assert not page.new_run.estimated.isVisible()

        # Two runs over each other, in two colours, named.
        page.list.list.setFocus()
        qtbot.keyClick(page.list.list, Qt.Key.Key_M, CTRL_SHIFT)
        qtbot.keyClick(page.list.list, Qt.Key.Key_PageDown, CTRL_SHIFT)
        assert [s.folder for s in page.training.shown] == [done, other]
        wait_for(lambda: max(points_drawn(page)) == 90)
        assert page.head.legend.isVisible()
        assert "done" in page.head.legend.text()
        wait_for(lambda: sum(cell.isVisible() for cell in page.samples.cells) == 4)
        assert len({page.list.row(folder).swatch._colour for folder in (done, other)}) == 2

        # The clone's form, under another name, and only then a start.
        qtbot.keyClick(page.list.list, Qt.Key.Key_C, CTRL_SHIFT)
        assert page.new_run.title.text() == "LoRA on local data copy"
        assert page.form.value("denoiser.steps") == 4000

        qtbot.mouseClick(page.head.buttons["promote"], Qt.MouseButton.LeftButton)
        page.sheet.name.setText("My Liver Model")
        qtbot.mouseClick(page.sheet.ok, Qt.MouseButton.LeftButton)
        wait_for(lambda: "is on the shelf" in window.bar.notices.text)
        words = ["models", "promote", str(other), "--name", "my-liver-model", "--checkpoint", "best", "--json"]
        assert said(calls)[-1] == words

        qtbot.mouseClick(page.head.buttons["remove"], Qt.MouseButton.LeftButton)
        wait_for(lambda: len(page.training.runs) == 1)
        assert (other / "steps.jsonl").is_file()


def test_samples_are_scrubbed_in_the_slice_viewer(qtbot, tmp_path: Path, make_runs) -> None:
    runs = make_runs()
    folder = finished_run(runs)
    with open_window(tmp_path, runs=runs) as window:
        page = train_page(window)
        samples = page.samples
        wait_for(lambda: samples.cells and samples.cells[0].view.volume is not None)
        late = samples.cells[0].view.volume.array.copy()
        assert samples.reading.text() == "step 40"
        qtbot.keyClick(page.list.list, Qt.Key.Key_Left, CTRL_SHIFT)
        wait_for(lambda: not np.array_equal(samples.cells[0].view.volume.array, late))
        assert samples.reading.text() == "step 20"
        assert samples.slider.value() == 0
        samples.slider.setValue(1)
        wait_for(lambda: np.array_equal(samples.cells[0].view.volume.array, late))
        page.list.list.setFocus()
        qtbot.keyClick(page.list.list, Qt.Key.Key_F5)
        assert page.viewing.window == PRESETS["Bone"]
        assert "W 2500" in samples.window_words.text()

        # A damaged sample is named and stops nothing.
        files = RunFiles(folder)
        scripted_trainer.write_sample(files, 50, 1)
        next(files.sample_folder.glob("*50-1.npz")).write_bytes(b"PK nonsense")
        wait_for(lambda: samples.reading.text() == "step 50")
        wait_for(lambda: "cannot be read" in samples.cells[0].view.hint)
        assert samples.cells[1].view.volume is not None


def test_damaged_lines_and_a_hundred_thousand_of_them_stall_nothing(tmp_path: Path, make_runs) -> None:
    runs = make_runs()
    folder = finished_run(runs, steps=10)
    text = scripted_trainer.step_line(1).model_dump_json().replace('"step":1', '"step":%d')
    lines = [text % step for step in range(1, 100_001)]
    lines[500] = '{"stage": "denoiser", "step": 501'
    lines[70_000] = "\x00\x00\x00"
    RunFiles(folder).steps.write_text("\n".join(lines) + "\n", encoding="utf-8")
    with open_window(tmp_path, runs=runs) as window:
        page = train_page(window)
        page.grab()  # the first picture takes its time, and is not a stall of reading
        beats, last = [], [time.thread_time()]

        def beat() -> None:
            now = time.thread_time()  # of the window's own thread: other work on this machine does not count
            beats.append(now - last[0])
            last[0] = now

        timer = QTimer()
        timer.timeout.connect(beat)
        timer.start(5)
        wait_for(lambda: len(page.training.curves(folder).stages.get("denoiser", ())) == 99_998, 120)
        timer.stop()
        assert len(beats) > 20
        assert sorted(beats)[-3] < 0.3
        wait_for(lambda: page.plots.loss.value.text())
        assert 0 < max(points_drawn(page)) < 5000


def test_data_is_prepared_beside_the_window(qtbot, tmp_path: Path, make_runs) -> None:
    scans = tmp_path / "scans"
    rng = np.random.default_rng(0)
    for number in range(4):
        (scans / f"p{number}").mkdir(parents=True)
        volume = torso()
        array = volume.array + rng.integers(0, 5, volume.array.shape).astype(np.int16)
        write_volume(type(volume)(array, volume.grid), scans / f"p{number}" / "ct.nii.gz")
        write_labels(liver(), scans / f"p{number}" / "labels.nii.gz")
    (scans / "p9").mkdir()
    (scans / "p9" / "ct.nii.gz").write_bytes(b"not an image")
    with open_window(tmp_path, runs=make_runs()) as window:
        page = train_page(window)
        qtbot.mouseClick(page.new_run.choices.prepare, Qt.MouseButton.LeftButton)
        sheet = page.prepare_sheet
        sheet.source.setText(str(scans))
        assert sheet.out.text().endswith("datasets/scans")
        sheet.split.setText("0.5, 0.25, 0.25")
        qtbot.mouseClick(sheet.start_button, Qt.MouseButton.LeftButton)
        wait_for(lambda: not sheet.building and sheet.summary.text(), 60)
        assert "4 cases" in sheet.summary.text()
        assert sheet.table.rowCount() >= 1
        assert "p9" in sheet.table.item(0, 0).text()
        assert len(read_dataset(Path(sheet.out.text())).cases) == 4
        wait_for(lambda: "4 cases" in page.new_run.choices.data_about.text())
        assert page.form.dataset == str(Path(sheet.out.text()).resolve())

        # A folder without cases is refused in words, and a build can be cancelled.
        (tmp_path / "nothing").mkdir()
        sheet.source.setText(str(tmp_path / "nothing"))
        sheet.start()
        wait_for(lambda: not sheet.building and "holds no" in sheet.summary.text(), 30)
        sheet.source.setText(str(scans))
        sheet.start()
        sheet.cancel()
        wait_for(lambda: not sheet.building and "Cancelled" in sheet.summary.text(), 30)
        assert not Path(sheet.out.text()).exists()


def test_every_action_has_a_key_and_stands_in_palette_and_help(tmp_path: Path, make_runs) -> None:
    with open_window(tmp_path, runs=make_runs()) as window:
        train = [command for command in window.actions_table.commands if command.menu == "Train"]
        assert len(train) >= 15
        assert all(command.keys for command in train)
        keys = [key for command in window.actions_table.commands for key in command.keys]
        assert len(keys) == len(set(keys))
        window.open_help()
        assert "Clone the run" in window.help_sheet.page.toPlainText()


def test_the_window_starts_without_the_plots() -> None:
    code = (
        "import sys; from ctstudio.ui import app; a = app.make_application(); w = app.make_window();"
        "sys.exit(any(name in sys.modules for name in ('pyqtgraph', 'torch', 'ctstudio.ui.train_page')))"
    )
    assert subprocess.run([sys.executable, "-c", code], timeout=120, check=False).returncode == 0
