"""The tasks on an open scan, through the window: denoise, find anomalies, put lesions in and take them out."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt

from ctstudio.catalog.shelf import Shelf
from ctstudio.core.labels import values_of
from ctstudio.io.reading import read_volume
from ctstudio.session.saving import save_sample
from ctstudio.ui.slice_layers import DifferenceLayer, HeatLayer, SwipeLayer
from desk import drag, liver, open_window, ready, torso, wait_for
from tiny_shelf import model

CTRL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier
DENOISE, DETECT, PUT_IN = ("meddiff_fm", "denoise"), ("meddiff_fm", "detect"), ("meddiff_fm", "inpaint-lesion")
TAKE_OUT, MAKE, MAKE_WITH = (
    ("meddiff_fm", "remove-lesion"), ("meddiff_fm", "synthesize"), ("meddiff_fm", "add-lesion"),
)  # fmt: skip
LIVER, LESION, LIVER_LESION = values_of(["liver", "lesion", "liver_lesion"])


@pytest.fixture
def window(qtbot, tmp_path, own_home):
    """A noisy torso with a liver that holds a dark and a bright spot."""
    with open_window(tmp_path) as window:
        ready(window)
        known = {"spacing_mm": 3.0, "patch": 64, "fold": 2, "frequencies": 7, "anatomy_width": 16, "channels": [32, 64],
                 "controls": ["liver_lesion"]}  # fmt: skip
        window.pages.tasks.show_shelf(
            Shelf((model("na_diff", tmp_path), model("meddiff_fm", tmp_path, config=known)), ())
        )
        scan = torso()
        noise = np.random.default_rng(5).normal(0, 4, scan.array.shape)
        scan.array[:] = np.where(scan.array > -500, scan.array + noise, scan.array)
        scan.array[5, 40:44, 30:34] = -60
        scan.array[7, 35:37, 40:43] = 120
        window.document.open_volume(scan)
        window.document.import_mask(liver())
        yield window


def run(window, key):
    """Do a task, and give its sample."""
    window.pages.tasks.choose(key)
    case = window.document.active
    before = len(case.results.items)
    window.generate()
    wait_for(lambda: len(case.results.items) > before)
    return case.results.chosen


def paint_lesion(window) -> None:
    array = window.document.active.mask.array.copy()
    array[5, 39:45, 29:35] = LIVER_LESION
    window.document.active.mask.replace(array, "Paint")


def blueness(view) -> int:
    """How much more blue than red the dark spot is, where the crosshair's lines do not run."""
    picture = view.grab().toImage()
    places = [view.point_of((5, y, x)).toPoint() for y in range(40, 44) for x in range(30, 34)]
    colours = [picture.pixelColor(place) for place in places]
    return int(np.median([colour.blue() - colour.red() for colour in colours]))


def test_every_task_is_offered_with_a_key_and_says_what_it_gets(qtbot, window) -> None:
    tasks = window.pages.tasks
    for place, key in enumerate((MAKE, DENOISE, DETECT, MAKE_WITH, PUT_IN, TAKE_OUT), start=4):
        qtbot.keyClick(window.grid.axial, Qt.Key(Qt.Key.Key_0 + place), CTRL | SHIFT)
        assert tasks.chosen == key
        given = {one.name: one.there for one in tasks.current.form.given(window.document.active)}
        assert given.get("scan", True)
        assert given.get("lesion", False) is False
        wait_for(lambda: tasks.current.panel.fit.findings)
    window.generate()  # the last one wants a lesion
    assert "No lesion is marked" in window.notices.latest.text
    titles = [command.title for command in window.actions_table.commands]
    for title in ("Task: Denoise a CT", "Next finding", "Compare: beside, swipe, difference"):
        assert titles.count(title) == 1
    keys = [key for command in window.actions_table.commands for key in command.keys]
    assert sorted(set(keys)) == sorted(keys)  # no key does two things
    window.open_help()
    assert "anomalies" in window.help_sheet.page.toPlainText().lower()


def test_a_denoised_scan_is_compared_by_swipe_and_difference_and_its_noise_is_measured(qtbot, window, tmp_path) -> None:
    sample = run(window, DENOISE)
    case, view = window.document.active, window.grid.generated
    result = window.pages.tasks.current.result
    assert (view.title, view.synthetic) == ("Denoised", True)
    assert window.grid.axial.item.outlines  # the mask does not hide the noise
    wait_for(lambda: result.noise is not None and "SD" in result.noise.words.text())
    assert window.grid.axial.region is not None
    assert result.noise.spectrum._used == 2

    # C goes on: swipe, difference, beside.
    qtbot.keyClick(view, Qt.Key.Key_C)
    [swipe] = view.layers
    assert isinstance(swipe, SwipeLayer)
    middle = QPoint(view.width() // 2, view.height() // 2)
    crosshair = case.viewing.crosshair
    drag(view, [middle, middle + QPoint(60, 0)])
    assert swipe.share == pytest.approx(0.5 + 60 / view.width(), abs=0.02)
    assert case.viewing.crosshair == crosshair  # the line was taken, not the crosshair
    before, after = (one.item for one in (window.grid.axial, view))
    assert before.volume is case.volume
    assert after.volume is sample.sample.outputs["ct"]
    qtbot.keyClick(view, Qt.Key.Key_C)
    assert isinstance(view.layers[0], DifferenceLayer)
    assert result.compare.legend.isVisible()
    qtbot.keyClick(view, Qt.Key.Key_C)
    assert view.layers == ()

    # The line stays where it was left; elsewhere nothing of it stays.
    result.compare.buttons["swipe"].click()
    assert view.layers[0].share == swipe.share
    window.show_page(0)
    assert view.layers == ()
    assert window.grid.axial.region is None
    assert not window.grid.axial.item.outlines
    assert read_volume(save_sample(case, sample, tmp_path) / "ct.nii.gz").synthetic


def test_anomalies_are_coloured_by_threshold_listed_and_walked_through(qtbot, window) -> None:
    run(window, DETECT)
    link, case = window.pages.tasks.current, window.document.active
    panel = link.result.panel
    wait_for(lambda: panel.findings)
    assert (window.grid.generated.title, window.grid.generated.synthetic) == ("Anomalies", False)
    assert all(isinstance(view.layers[0], HeatLayer) for view in (window.grid.generated, window.grid.coronal))
    assert window.grid.axial.layers == ()
    assert [round(one.peak_hu, -1) for one in panel.findings] == [-100.0, 80.0]
    assert panel.words.text() == "2 findings"

    # A click leads to the finding, J and K walk.
    panel.table.selectRow(0)
    assert case.viewing.crosshair[0] == 5
    qtbot.keyClick(window.grid.axial, Qt.Key.Key_J)
    assert case.viewing.crosshair[0] == 7
    qtbot.keyClick(window.grid.axial, Qt.Key.Key_K)
    assert case.viewing.crosshair[0] == 5
    assert blueness(window.grid.generated) > 40

    # The slider colours at once; the list follows.
    panel.slider.slider.setValue(90)
    assert window.layers.threshold_hu == 90
    wait_for(lambda: len(panel.findings) == 1)
    panel.slider.slider.setValue(panel.slider.slider.maximum())
    assert blueness(window.grid.generated) < 12
    panel.slider.slider.setValue(30)
    wait_for(lambda: len(panel.findings) == 2)

    # They become lesions of the mask, as one step.
    panel.take.click()
    wait_for(lambda: LESION in case.mask.present())
    assert LIVER in case.mask.present()
    case.mask.undo()
    assert case.mask.present() == (LIVER,)
    assert window.strip.thumbnails[0].card.words == "Anomalies"
    assert not window.strip.thumbnails[0].card.completed


def test_an_organ_that_the_mask_lacks_is_said_before_the_run(qtbot, window) -> None:
    window.pages.tasks.choose(DETECT)
    panel = window.pages.tasks.current.panel
    assert [panel.organ.itemText(place) for place in range(panel.organ.count())] == ["liver"]
    panel.organ.setEditText("spleen")
    assert window.pages.tasks.current.form.values["organ"] == "spleen"
    wait_for(lambda: any("no spleen" in fit.reason for fit in panel.fit.findings))


@pytest.mark.parametrize("key", [PUT_IN, TAKE_OUT])
def test_lesion_work_gives_a_receipt_of_what_changed(qtbot, window, key) -> None:
    paint_lesion(window)
    sample = run(window, key)
    case = window.document.active
    receipt = window.pages.tasks.current.result.receipt
    wait_for(lambda: "voxels changed" in receipt.words.text())
    changed = int(np.count_nonzero(sample.sample.outputs["ct"].array != case.volume.array))
    assert f"{changed} voxels changed" in receipt.words.text()
    assert "every bit" in receipt.untouched.text()
    assert receipt.cells[1, 2].text() != receipt.cells[1, 1].text()
    inside = case.volume.array[5, 39:45, 29:35]
    assert receipt.cells[1, 1].text() == f"{inside.mean():.0f} HU".replace("-", "−")
    assert window.grid.generated.item.outlines
    assert window.grid.generated.item.labels is not None


def test_a_ct_is_made_of_a_mask_without_a_scan(qtbot, window) -> None:
    window.document.open_mask(liver())
    sample = run(window, MAKE)
    assert window.grid.generated.volume is sample.sample.outputs["ct"]
    paint_lesion(window)
    run(window, MAKE_WITH)
    assert window.strip.thumbnails[0].card.words == "CT with a lesion"
    window.pages.tasks.choose(DENOISE)
    window.generate()
    assert "no CT to work on" in window.notices.latest.text
    assert not window.pages.tasks.current.result.isVisible()


def test_a_task_is_cancelled_and_leaves_nothing(qtbot, window) -> None:
    window.pages.tasks.choose(MAKE)
    window.pages.tasks.current.form.set("count", 16)
    window.pages.tasks.current.form.set("steps", 100)
    window.generate()
    wait_for(lambda: window.link.state().can_cancel)
    window.link.cancel()
    wait_for(lambda: window.link.client.status == "ready")
    assert window.document.active.results.items == ()
