"""What goes wrong between two clicks: a second button, another case, closing too early, a crash. Nothing is lost."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QFileDialog

from ctstudio.core.labels import standard_table
from ctstudio.io.reading import read_labels
from ctstudio.io.writing import write_volume
from ctstudio.session.autosave_files import Record, write_record
from ctstudio.session.recovery import recover
from ctstudio.ui.completed_anatomy import TITLE
from ctstudio.ui.job_bar import JobState
from ctstudio.ui.main_window import MainWindow
from ctstudio.ui.page_order import GENERATE_PAGE
from ctstudio.ui.tools import Tool
from desk import GRID, LIVER, liver, open_window, ready, spot, torso, wait_for

BODY = standard_table().by_name("body").value
NONE = Qt.KeyboardModifier.NoModifier
LEFT, RIGHT = Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton


def painting(window: MainWindow) -> tuple[object, list[QPoint]]:
    """A window with a case and the brush in hand: the axial view and three places in it."""
    case = window.document.open_volume(torso())
    window.tools.take(Tool.BRUSH)
    axial, z = window.grid.axial, case.viewing.crosshair[0]
    return axial, [spot(axial, (z, 20, x)) for x in (20, 40, 60)]


def sampled(window: MainWindow, count: int = 1):
    """A case with a painted liver and its samples."""
    case = window.document.open_volume(torso())
    window.document.import_mask(liver())
    ready(window)
    window.form.set("count", count)
    window.generate()
    wait_for(lambda: len(case.results.items) == count)
    return case


# Strokes


def test_another_button_under_way_does_not_leave_the_stroke_open(qtbot, tmp_path) -> None:
    with open_window(tmp_path) as window:
        axial, places = painting(window)
        mask = window.document.active.mask
        QTest.mousePress(axial, LEFT, NONE, places[0])
        QTest.mousePress(axial, RIGHT, NONE, places[0])
        QTest.mouseRelease(axial, RIGHT, NONE, places[1])
        QTest.mouseRelease(axial, LEFT, NONE, places[1])
        assert not mask.painting_now
        assert mask.history.undo_names == ("Brush liver",)


def test_a_stroke_ends_on_the_case_it_began_on(qtbot, tmp_path) -> None:
    with open_window(tmp_path) as window:
        axial, places = painting(window)
        first = window.document.active
        second = window.document.open_volume(torso())
        window.document.active = first
        QTest.mousePress(axial, LEFT, NONE, places[0])
        window.document.active = second
        _go(axial, places[2])
        QTest.mouseRelease(axial, LEFT, NONE, places[2])
        assert not first.mask.painting_now
        assert first.mask.history.undo_names == ("Brush liver",)
        assert second.mask.empty


def test_undo_under_way_does_not_break_the_rest_of_the_stroke_into_pieces(qtbot, tmp_path) -> None:
    with open_window(tmp_path) as window:
        axial, places = painting(window)
        mask = window.document.active.mask

        def undo_once() -> None:
            if mask.painting_now and not mask.history.redo_names:
                window.actions_table["Undo"].trigger()

        QTest.mousePress(axial, LEFT, NONE, places[0])
        undo_once()
        _go(axial, places[1])
        _go(axial, places[2])
        QTest.mouseRelease(axial, LEFT, NONE, places[2])
        assert mask.history.undo_names == ("Brush liver",)
        assert not mask.empty


def _go(view, place: QPoint) -> None:
    from desk import _move

    _move(view, place, LEFT)


def test_the_pointer_takes_no_keys_from_a_number_that_is_being_typed(qtbot, tmp_path) -> None:
    with open_window(tmp_path) as window:
        painting(window)
        window.activateWindow()
        window.paint.low.setFocus()
        wait_for(lambda: QApplication.focusWidget() is window.paint.low)
        window.grid.axial.enterEvent(None)
        assert QApplication.focusWidget() is window.paint.low


def test_the_range_of_hu_shown_is_the_one_of_the_case(qtbot, tmp_path) -> None:
    with open_window(tmp_path) as window:
        first = window.document.open_volume(torso())
        first.mask.intensity_range_hu = (40.0, 120.0)
        second = window.document.open_volume(torso())
        second.mask.intensity_range_hu = (-900.0, -300.0)
        assert (window.paint.low.value(), window.paint.high.value()) == (-900, -300)
        window.document.active = first
        assert (window.paint.low.value(), window.paint.high.value()) == (40, 120)


# Labels at hand


def test_common_labels_are_in_sight_and_the_others_found_by_typing(qtbot, tmp_path) -> None:
    with open_window(tmp_path) as window:
        window.resize(1280, 800)
        case = window.document.open_volume(torso())
        QApplication.processEvents()
        labels = window.paint.labels
        listed = labels.list
        shown = [listed.item(row).text() for row in range(8)]
        assert shown == ["body", "bone", "lung", "liver", "spleen", "kidney", "aorta", "lesion"]
        bottom = listed.visualItemRect(listed.item(7)).bottom()
        assert bottom <= listed.viewport().height()
        qtbot.keyClicks(labels.search, "hip left")
        qtbot.keyClick(labels.search, Qt.Key.Key_Return)
        assert case.mask.table.by_value(case.mask.active).name == "hip_left"
        assert labels.search.text() == ""
        assert listed.currentItem().text() == "hip left"


# Completed anatomy


def test_the_completed_anatomy_becomes_the_mask_and_undo_brings_the_old_one_back(qtbot, tmp_path) -> None:
    with open_window(tmp_path) as window:
        window.form.set("complete", True)
        case = sampled(window)
        painted = case.mask.array.copy()
        card = window.strip.thumbnails[0]
        button = next(b for b in card.children() if b.objectName() == "use-anatomy")
        qtbot.mouseClick(button, LEFT)
        wait_for(lambda: BODY in case.mask.present())
        assert np.array_equal(case.mask.array == LIVER, painted == LIVER)
        assert case.mask.synthetic
        assert case.mask.history.undo_names[-1] == "Use completed anatomy"
        assert "2 labels, 1 of them new" in window.notices.latest.text
        assert "Undo" in window.notices.latest.remedy
        window.actions_table["Undo"].trigger()
        assert np.array_equal(case.mask.array, painted)
        assert not case.mask.synthetic
        window.actions_table["Redo"].trigger()
        assert case.mask.synthetic
        assert BODY in case.mask.present()


def test_the_palette_takes_the_chosen_sample_and_says_when_there_is_nothing_to_take(qtbot, tmp_path) -> None:
    with open_window(tmp_path) as window:
        action = window.actions_table[TITLE]
        action.trigger()
        assert "No sample" in window.notices.latest.text
        window.form.set("complete", False)
        case = sampled(window)
        action.trigger()
        assert "no completed anatomy" in window.notices.latest.text
        assert window.notices.latest.remedy
        window.form.set("complete", True)
        window.generate()
        wait_for(lambda: len(case.results.items) == 2)
        action.trigger()
        wait_for(lambda: BODY in case.mask.present())


# Closing


def test_starred_samples_hold_the_window_open_once(qtbot, tmp_path) -> None:
    with open_window(tmp_path) as window:
        case = sampled(window)
        case.results.star(case.results.items[0])
        assert not window.close()
        assert window.isVisible()
        assert "not saved" in window.notices.latest.text
        assert window.close()


def test_a_mask_saved_on_closing_is_whole_and_is_not_offered_again(qtbot, tmp_path) -> None:
    with open_window(tmp_path) as window:
        case = window.document.open_volume(torso())
        window.document.import_mask(liver())
        window.safety.autosave.flush()
        assert window.safety.autosave.keeps(case)
        for _ in range(8):  # more than there are threads
            window.background.run(lambda: np.ones(10), lambda _: None, window.notices.report)
        window.saving.mask(case, tmp_path / "mask.nii.gz")
        window.close()
        assert np.array_equal(read_labels(tmp_path / "mask.nii.gz").array, liver().array)
        assert not window.safety.autosave.keeps(case)


def test_a_closed_case_leaves_no_job_behind(qtbot, tmp_path) -> None:
    with open_window(tmp_path, "slow") as window:
        window.document.open_volume(torso())
        window.document.import_mask(liver())
        ready(window)
        window.generate()
        wait_for(lambda: window.link.client.status == "busy" and window.bar.progress.value() > 1)
        window.close_case()
        window.close_case()
        assert not window.document.cases
        wait_for(lambda: window.link.queue.jobs[0].state == "stopped", 5)
        assert not window.link.queue.jobs[0].request.inputs


# Opening


def test_a_fault_while_showing_one_file_does_not_keep_the_next_from_opening(qtbot, tmp_path) -> None:
    write_volume(torso(), tmp_path / "torso.nii.gz")
    with open_window(tmp_path) as window:

        def refuse(_case) -> None:
            raise RuntimeError("a fault of a part of the window")

        with qtbot.captureExceptions() as faults:
            window.document.case_added.connect(refuse)
            window.opening.open([tmp_path / "torso.nii.gz"])
            wait_for(lambda: faults and not window.opening.busy)
            window.document.case_added.disconnect(refuse)
        window.opening.open([tmp_path / "torso.nii.gz"])
        wait_for(lambda: any(n.text == "Opened torso." for n in window.notices.items))


def test_labels_of_a_case_that_was_closed_meanwhile_are_not_lost_in_silence(qtbot, tmp_path) -> None:
    with open_window(tmp_path) as window:
        case = window.document.open_volume(torso())
        window.opening._import(case, liver(), tmp_path / "liver.nii.gz")  # as when its file has just been read
        window.document.remove(case)
        wait_for(lambda: any("closed meanwhile" in notice.text for notice in window.notices.items))
        assert not any("Imported" in notice.text for notice in window.notices.items)


def test_the_demo_case_opens_beside_others(qtbot, tmp_path) -> None:
    with open_window(tmp_path) as window:
        window.document.open_volume(torso())
        window.opening.open_demo()
        wait_for(lambda: len(window.document.cases) == 2, 60)


def test_a_series_named_with_a_slash_is_offered_as_one_file_name(qtbot, tmp_path) -> None:
    with open_window(tmp_path) as window:
        case = window.document.open_volume(torso())
        case.name = "ABD/PELVIS: 3.0"
        window.document.import_mask(liver())
        window.asking.save_mask()
        dialog = window.findChild(QFileDialog)
        assert [name.rpartition("/")[2] for name in dialog.selectedFiles()] == ["ABD_PELVIS_ 3.0_mask.nii.gz"]
        dialog.reject()


# A crash


def test_an_unsaved_mask_comes_back_on_its_scan(qtbot, tmp_path) -> None:
    scan = tmp_path / "torso.nii.gz"
    write_volume(torso(), scan)
    dead = tmp_path / "autosave" / "20200101T000000000000-999999999"
    labels = liver()
    for name, place in (("with scan", str(scan)), ("without", "")):
        write_record(
            dead / name,
            Record(name, place, "2020-01-01T00:00:00+00:00", GRID, labels.table, False, 0, labels.array),
        )
    (dead / "damaged").mkdir()
    (dead / "damaged" / "autosave.json").write_text("{")
    with open_window(tmp_path) as window:
        wait_for(lambda: any("unsaved mask" in notice.text for notice in window.notices.items))
        assert any("damaged" in notice.text for notice in window.notices.items)
        window.safety.bring_back()
        wait_for(lambda: len(window.document.cases) == 2 and not window.background.running)
        assert sorted(case.has_scan for case in window.document.cases) == [False, True]
        for case in window.document.cases:
            assert np.array_equal(case.mask.array, labels.array)
            assert window.safety.autosave.keeps(case)  # before the old files went
        assert recover(tmp_path / "autosave").masks == ()


# Words


def test_a_long_error_is_read_to_its_end_in_a_small_window(qtbot, tmp_path) -> None:
    with open_window(tmp_path) as window:
        window.resize(1280, 800)
        window.show_page(GENERATE_PAGE)
        ready(window)
        text = "ct.nii.gz looks like a scan, not like labels: it holds negative values (lowest -1000)."
        window.notices.say(text, "Open it as a scan, or give a file of whole numbers from 0 to 255.", "error")
        QApplication.processEvents()
        label = window.bar.notices._text
        assert "…" not in label.text()
        assert label.text().replace("\n", " ").endswith("0 to 255.")
        assert label.sizeHint().height() <= label.height()
        window.link._timer.stop()
        window.bar.show_state(
            JobState("amber", "Generating, step 123 of 200, 66 s left", 123, 200, True, memory="GPU 3 GB")
        )
        QApplication.processEvents()
        assert label.text().replace("\n", " ").endswith("0 to 255.")
        assert label.sizeHint().height() <= window.bar.height()


def test_the_remedy_names_the_box_that_is_there(qtbot, tmp_path) -> None:
    with open_window(tmp_path) as window:
        scan = torso()
        case = window.document.open_volume(replace(scan, array=(scan.array + 3000) / 4000, unit="arbitrary"))
        case.mask.stamp((6, 40, 40), 0)
        ready(window)
        window.generate()
        assert "not Hounsfield" in window.notices.latest.text
        assert f"turn off '{window.generator.like.text()}'" in window.notices.latest.remedy
        qtbot.mouseClick(window.generator.like, LEFT, pos=QPoint(8, window.generator.like.height() // 2))
        window.generate()
        wait_for(lambda: case.results.items)
