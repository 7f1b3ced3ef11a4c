"""Write a report, generate a chest, watch it become finer, look at it, and see what the words did."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from ctstudio.core.grid import Grid
from ctstudio.core.labels import LabelMap, standard_table
from ctstudio.core.volume import Volume
from ctstudio.io.reading import read_labels, read_volume
from ctstudio.session.report_text import ReportText
from ctstudio.ui.page_order import GENERATE_PAGE, PAINT_PAGE
from ctstudio.ui.tasks_link import FROM_MASK, FROM_REPORT, STRUCTURES
from desk import open_window, ready, torso, wait_for
from tiny_shelf import shelf

CTRL = Qt.KeyboardModifier.ControlModifier


@pytest.fixture
def window(qtbot, tmp_path, own_home):
    with open_window(tmp_path) as window:
        ready(window)
        window.pages.tasks.show_shelf(shelf(tmp_path))
        window.pages.tasks.choose(FROM_REPORT)
        yield window


@pytest.fixture
def report(window):
    return window.pages.tasks.report


def write(qtbot, report, findings: str, impression: str = "") -> None:
    """Type with the keys, from one field to the next with Tab."""
    editor = report.panel.editor
    editor.findings.text.setFocus()
    qtbot.keyClicks(editor.findings.text, findings)
    qtbot.keyClick(editor.findings.text, Qt.Key.Key_Tab)
    qtbot.keyClicks(editor.impression.text, impression)


def back_in(window) -> None:
    """Be in the window again after a popup; without a display nobody else says which window is the active one."""
    QTest.qWait(50)
    window.activateWindow()
    wait_for(lambda: QApplication.activeWindow() is window)


def test_from_typed_words_to_a_saved_chest(qtbot, tmp_path, window, report) -> None:
    words, making = [], []
    window.link.state_changed.connect(lambda state: words.append(state.text))
    window.link.preview.connect(lambda _owner, image: making.append((image.grid.shape, report.stage.viewing)))

    # Keys of the window (G, V, 1, N …) do not fire while one types; Tab goes on.
    write(qtbot, report, "There is a large left pleural effusion. 1 2 N", "Large left effusion G")
    assert report.form.text == ReportText("There is a large left pleural effusion. 1 2 N", "Large left effusion G")
    assert (report.panel.editor.findings.count.text(), report.panel.editor.impression.count.text()) == (
        "10 words",
        "4 words",
    )
    assert window.document.active is None
    wait_for(lambda: report.panel.fit.findings)

    # Ctrl+Enter from within the editor.
    seed = report.form.values["seed"]
    qtbot.keyClick(report.panel.editor.impression.text, Qt.Key.Key_Return, CTRL)
    wait_for(lambda: report.chests.results.items)
    assert any(text.startswith("Coarse volume, step 5 of 20 · then 10 steps of refinement") for text in words)
    assert any(text.startswith("Refinement, step 10 of 10") for text in words)
    assert [shape for shape, _ in making[:1] + making[-1:]] == [(16, 16, 16), (48, 48, 48)]
    assert all(viewing is not None for _, viewing in making[1:])

    # It opens as a case with its structures, and says what it is.
    wait_for(lambda: window.document.active is not None)
    case = window.document.active
    assert case.name == f"Large left effusion G · seed {seed}"
    assert case.volume.synthetic
    assert window.stage.currentWidget() is window.grid
    assert not window.grid.generated.isVisible()
    assert all(view.synthetic and view.item.labels is not None for view in window.grid.views[:3])
    assert len(case.mask.present()) == 5
    card = window.strip.thumbnails[0].card
    assert (card.words, card.seed, card.alone) == ("Large left effusion G", seed, True)
    assert card.facts[0] == "Cardiothoracic ratio 0.48"
    assert any(fact.startswith("Left lung") for fact in card.facts)
    assert report.form.values["seed"] != seed

    # It is saved as any other sample.
    window.saving.sample(window.samples.owner, report.chests.results.chosen, tmp_path / "saved")
    wait_for(lambda: "saved in" in window.bar.notices.text)
    folder = report.chests.results.chosen.saved_path
    assert read_volume(folder / "ct.nii.gz").synthetic
    assert read_labels(folder / "labels.nii.gz").present() == case.mask.present()
    assert window.strip.thumbnails[0].card.saved


def test_what_the_words_did(qtbot, window, report) -> None:
    write(qtbot, report, "The lungs are clear.", "Normal.")
    qtbot.keyClick(window, Qt.Key.Key_D, CTRL)
    panel = report.panel
    assert panel.other.report == ReportText("The lungs are clear.", "Normal.")
    qtbot.mouseClick(panel.generate, Qt.MouseButton.LeftButton)
    assert "say the same" in window.notices.latest.text
    report.form.other = ReportText("There is a large left pleural effusion.", "Effusion.")
    seed = report.form.values["seed"]
    qtbot.mouseClick(panel.generate, Qt.MouseButton.LeftButton)
    wait_for(lambda: report.stage.compared is not None)
    assert [view.sample.seed for view in report.chests.results.items] == [seed, seed]
    assert window.document.cases == ()
    compared, views = report.stage.compared, report.stage.words
    assert compared.changes[0].title == "Left lung"
    assert compared.changes[0].change.startswith("−")

    # Linked: one crosshair, one window; the difference keeps its own colours.
    report.stage.viewing.crosshair = (10, 20, 30)
    assert {view.item.index for view in (views.a[0], views.b[0], views.difference[0])} == {10}
    assert {view.item.index for view in (views.a[1], views.b[1], views.difference[1])} == {20}
    qtbot.keyClick(window, Qt.Key.Key_F2)
    assert views.a[0].window_hu.level_hu == 40
    assert views.difference[0].window_hu.width_hu == 2 * compared.span_hu
    colours = views.difference[1].grab().toImage()
    blue = amber = 0
    for x in range(0, colours.width(), 2):
        for y in range(0, colours.height(), 2):
            red, _, b, _ = colours.pixelColor(x, y).getRgb()
            blue, amber = blue + (b > red + 60), amber + (red > b + 60)
    assert amber > 4 * blue  # fluid is denser than air; the crosshair is blue

    # Only B is made again when only B changes; Esc goes back; the history holds all three.
    report.form.other = ReportText("The heart is markedly enlarged.", "")
    qtbot.mouseClick(panel.generate, Qt.MouseButton.LeftButton)
    wait_for(lambda: report.stage.compared is not None and report.stage.compared is not compared)
    assert len(report.chests.results.items) == 3
    assert "Cardiothoracic ratio" in {change.title for change in report.stage.compared.changes if change.share}
    qtbot.keyClick(views, Qt.Key.Key_Escape)
    assert report.stage.viewing is None
    wait_for(lambda: len(report.words.history.entries()) == 3)


def test_history_and_templates(qtbot, window, report) -> None:
    menu = report.panel.templates.list
    wait_for(lambda: menu.actions())
    next(action for action in menu.actions() if action.text() == "Cardiomegaly").trigger()
    assert report.form.text.impression == "Severe cardiomegaly."
    window.generate()
    wait_for(lambda: report.chests.results.items)
    editor = report.panel.editor.findings.text
    editor.setFocus()
    editor.selectAll()
    qtbot.keyClicks(editor, "No effusion.")
    window.generate()
    wait_for(lambda: len(report.chests.results.items) == 2)

    qtbot.keyClick(window, Qt.Key.Key_H, CTRL)
    sheet = report.words.sheet
    wait_for(lambda: sheet.list.count() == 2)
    qtbot.keyClicks(sheet.search, "markedly")
    assert sheet.list.count() == 1
    qtbot.keyClick(sheet.search, Qt.Key.Key_Return)
    assert report.form.text.findings.startswith("The heart is markedly enlarged.")
    assert not sheet.isVisible()
    back_in(window)

    # Keep it as a template, and take it away again.
    report.panel.templates.keep_asked.emit()
    qtbot.keyClicks(report.panel.keep.name, "big heart")
    qtbot.keyClick(report.panel.keep.name, Qt.Key.Key_Return)
    wait_for(lambda: any(action.text() == "big heart" for action in menu.actions()))
    assert not report.panel.keep.isVisible()

    # Delete forgets one report, the button asks twice for all.
    qtbot.keyClick(window, Qt.Key.Key_H, CTRL)
    wait_for(lambda: sheet.list.count() == 2)
    qtbot.keyClick(sheet.search, Qt.Key.Key_Delete)
    wait_for(lambda: sheet.list.count() == 1)
    sheet.clear.click()
    assert len(report.words.history.entries()) == 1
    sheet.clear.click()
    wait_for(lambda: report.words.history.entries() == ())
    sheet.close()


def test_anatomy_of_the_open_case_alone_or_with_words(qtbot, window, report) -> None:
    ticks = report.panel.follow.ticks
    assert not ticks["lobes"].isEnabled()
    window.generate()
    assert "nothing to follow" in window.notices.latest.text
    write(qtbot, report, "There is a large left pleural effusion.")
    window.generate()
    wait_for(lambda: window.document.active is not None)
    wait_for(lambda: ticks["vessels"].isEnabled())
    ticks["lobes"].click()
    ticks["report"].click()
    window.generate()
    wait_for(lambda: len(report.chests.results.items) == 2)
    told = report.chests.results.items[-1].sample.provenance
    assert set(told.inputs) == {"lobes"}
    assert (told.parameters["text"], told.parameters["impression"]) == ("", "")
    wait_for(lambda: len(window.document.cases) == 2)
    assert window.document.active.name.startswith("Anatomy alone")


def test_a_chest_is_ready_while_one_paints_elsewhere(qtbot, window, report) -> None:
    mine = window.document.open_volume(torso())
    report.form.text = ReportText("The lungs are clear.")
    window.generate()
    window.show_page(PAINT_PAGE)
    wait_for(lambda: report.chests.results.items)
    assert window.document.active is mine
    assert "is ready" in window.notices.latest.text
    window.show_page(GENERATE_PAGE)
    assert window.document.active is not mine
    window.pages.tasks.choose(FROM_MASK)
    assert window.grid.generated.isVisible()
    assert window.strip.thumbnails == ()
    assert window.grid.axial.hint.startswith("Open a scan")


def test_cancelling_a_pair_stops_both(qtbot, window, report) -> None:
    report.form.text, report.form.comparing = ReportText("One."), True
    report.form.other = ReportText("Two.")
    report.form.set("steps", 1000)
    window.generate()
    wait_for(lambda: report.stage.viewing is not None)
    qtbot.mouseClick(window.bar.cancel, Qt.MouseButton.LeftButton)
    wait_for(lambda: window.link.client.status == "ready" and all(job.over for job in window.link.queue.jobs))
    assert [job.state for job in window.link.queue.jobs] == ["stopped", "stopped"]
    assert report.stage.viewing is None
    assert report.chests.results.items == ()


def test_structures_of_an_open_ct_become_its_mask(qtbot, window) -> None:
    tasks = window.pages.tasks
    tasks.choose(STRUCTURES)
    window.generate()
    assert "no CT to work on" in window.notices.latest.text
    grid = Grid.centred((40, 40, 40), (8.0, 8.0, 7.0))
    case = window.document.open_volume(Volume(np.full(grid.shape, -800, np.int16), grid, name="chest"))
    window.generate()
    wait_for(lambda: not case.mask.empty)
    assert len(case.mask.present()) == 6
    assert not case.volume.synthetic
    window.generate()
    wait_for(lambda: len(case.results.items) == 2)
    assert "mask button" in window.notices.latest.remedy
    assert window.strip.thumbnails[0].card.words == "Structures of the CT"
    table = standard_table()
    case.mask.replace(np.full(grid.shape, table.by_name("liver").value, np.uint8), "Paint", False)
    window.strip.anatomy_asked.emit(window.strip.thumbnails[0].card.key)
    wait_for(lambda: len(case.mask.present()) == 6)
    assert isinstance(case.mask.snapshot(), LabelMap)


def test_a_task_without_a_model_is_not_offered(window, tmp_path) -> None:
    tasks = window.pages.tasks
    assert tasks.panels.offered == (FROM_MASK, FROM_REPORT, STRUCTURES)
    from ctstudio.catalog.shelf import Shelf
    from tiny_shelf import model

    tasks.show_shelf(Shelf((model("medsyn", tmp_path, lacks=("upscaler",)),), ()))
    assert tasks.panels.offered == (FROM_MASK,)
    tasks.choose(STRUCTURES)
    assert "No model" in window.notices.latest.text


def test_a_list_of_reports_is_made_stopped_and_gone_on_with(qtbot, tmp_path, window, report) -> None:
    table, out = tmp_path / "reports.csv", tmp_path / "chests"
    rows = [f"n{number},The lungs are clear. {number},," for number in range(4)]
    table.write_text("name,findings,impression,seed\n" + "\n".join([*rows, "bad,,,"]) + "\n")
    qtbot.keyClick(window, Qt.Key.Key_G, CTRL | Qt.KeyboardModifier.ShiftModifier)
    sheet = report.lists.sheet
    assert sheet.isVisible()
    wait_for(lambda: "not chosen yet" in sheet.summary.text())
    sheet.table.setText(str(table))
    sheet.out.setText(str(out))
    wait_for(lambda: "Row 6" in sheet.summary.text())  # a row without a report is refused, and named
    assert not sheet.start_button.isEnabled()
    sheet.leave_out.click()
    wait_for(lambda: sheet.start_button.isEnabled())
    assert sheet.summary.text() == "4 chests."
    assert "Row 6" in sheet.mind.text()
    texts = []
    window.link.state_changed.connect(lambda state: texts.append(state.text))
    sheet.start_button.click()
    wait_for(lambda: (out / "n1" / "provenance.json").is_file())
    assert any(text.startswith("Report 2 of 4: ") for text in texts)
    sheet.stop_button.click()
    wait_for(lambda: sheet.start_button.isEnabled() and sheet.start_button.text() == "Go on")
    made = {folder.name for folder in out.iterdir()}
    assert {"n0", "n1"} <= made < {"n0", "n1", "n2", "n3"}
    stamp = (out / "n0" / "ct.nii.gz").stat().st_mtime_ns
    sheet.start_button.click()
    wait_for(lambda: "All 4 chests" in window.notices.latest.text)
    assert {folder.name for folder in out.iterdir()} == {"n0", "n1", "n2", "n3"}
    assert (out / "n0" / "ct.nii.gz").stat().st_mtime_ns == stamp
    assert read_volume(out / "n3" / "ct.nii.gz").synthetic
    assert report.chests.results.items == ()

    # Other settings do not mix with what lies there.
    report.form.set("guidance", 1.0)
    wait_for(lambda: "other guidance" in sheet.summary.text())
    sheet.close()
