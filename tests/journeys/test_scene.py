"""The 3D view in the real window: labels appear, one is hidden; turned, painted on, photographed, closed."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QGuiApplication, QImage
from PySide6.QtTest import QTest

from ctstudio.core.grid import Grid
from ctstudio.core.labels import LabelMap, standard_table
from ctstudio.core.volume import Volume
from ctstudio.ui.scene.scene_view import SceneView
from desk import LIVER, drag, open_window, wait_for

GRID = Grid.centred((40, 48, 56), (3.0, 3.0, 3.0))
SPLEEN = standard_table().by_name("spleen").value


@pytest.fixture
def window(qtbot, opengl, tmp_path: Path):
    with open_window(tmp_path) as window:
        window.scene.look = lambda: opengl  # found once for all tests
        yield window


def _open(window, synthetic: bool = False) -> None:
    """A body with a liver on the patient's right and a spleen on the left."""
    hu = np.full(GRID.shape, -1000, np.int16)
    hu[:, 6:42, 6:50] = 40
    hu[10:30, 20:26, 26:30] = 900
    window.document.open_volume(Volume(hu, GRID, synthetic=synthetic, name="torso"))
    labels = np.zeros(GRID.shape, np.uint8)
    labels[10:30, 12:36, 10:26] = LIVER
    labels[14:28, 20:36, 36:46] = SPLEEN
    window.document.import_mask(LabelMap(labels, GRID, standard_table(), synthetic))
    window.document.active.mask.mark_saved()


def _shown(window) -> SceneView:
    """The 3D view, when all of it stands."""
    QTest.keyClick(window.grid.axial, Qt.Key.Key_T)
    director = window.scene.director
    wait_for(lambda: director.opengl is not None and not director.building.jobs and window.scene.view.stage, 60)
    _at_rest(window.scene.view)
    return window.scene.view


def _at_rest(view: SceneView) -> None:
    wait_for(lambda: not view._stale and not view._moving and not view._timer.isActive(), 40)


def _colour_at(view: SceneView, colour: tuple[int, int, int]) -> float | None:
    """How far across the view a label's colour lies, 0 to 1; None when it is not seen."""
    image = view.grab().toImage().convertToFormat(QImage.Format.Format_RGB888)
    rows = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())
    rgb = rows[:, : 3 * image.width()].reshape(image.height(), image.width(), 3).astype(float)
    inner = rgb[60:-70, 30:-30]
    bright = inner.max(axis=-1)
    alike = np.abs(inner / np.maximum(bright, 1)[..., None] - np.array(colour) / max(colour)).max(axis=-1) < 0.12
    across = np.nonzero(alike & (bright > 60))[1]
    return None if len(across) < 30 else float((across.mean() + 30) / image.width())


def _colour(value: int) -> tuple[int, int, int]:
    return standard_table().by_value(value).colour


def test_labels_appear_where_they_are_and_one_is_hidden(window) -> None:
    _open(window)
    view = _shown(window)
    assert window.grid.scene is view
    view.look_from("A")
    _at_rest(view)
    liver, spleen = _colour_at(view, _colour(LIVER)), _colour_at(view, _colour(SPLEEN))
    assert liver is not None
    assert spleen is not None
    assert liver < 0.5 < spleen  # as in every view: the patient's right on the left of the screen
    labels = window.paint.labels
    row = next(row for row in range(labels.list.count()) if labels.list.item(row).text() == "spleen")
    eye = labels.eyes.eye_rect(labels.list.indexFromItem(labels.list.item(row))).center()
    QTest.mouseClick(labels.list.viewport(), Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, eye)
    assert window.document.active.viewing.hidden == {SPLEEN}
    assert window.document.active.mask.active != SPLEEN  # the eye does not choose the label
    _at_rest(view)
    assert _colour_at(view, _colour(SPLEEN)) is None
    assert _colour_at(view, _colour(LIVER)) is not None


def test_the_hand_turns_moves_and_zooms_it_and_keys_show_its_sides(qtbot, window) -> None:
    _open(window)
    view = _shown(window)
    for key, letters in ((Qt.Key.Key_A, "RLSI"), (Qt.Key.Key_R, "PASI"), (Qt.Key.Key_S, "LRAP")):
        view.setFocus()
        qtbot.keyClick(view, key)
        assert "".join(view.pose.letters()) == letters
    assert window.document.active.viewing.mask_opacity == 0.45  # A did not reach the window
    before = view.pose
    drag(view, [QPoint(100, 100), QPoint(160, 100), QPoint(190, 130)])
    assert view.pose.letters() != before.letters()
    distance = view.pose.distance_mm
    drag(view, [QPoint(100, 100), QPoint(100, 60)], Qt.MouseButton.RightButton)
    assert view.pose.distance_mm < distance
    focus = view.pose.focus_mm
    drag(view, [QPoint(100, 100), QPoint(140, 100)], Qt.MouseButton.MiddleButton)
    assert np.linalg.norm(view.pose.focus_mm - focus) > 5
    assert view.frames


def test_a_stroke_makes_its_surface_follow(window) -> None:
    _open(window)
    view = _shown(window)
    mask = window.document.active.mask
    before = view.stage._actors[LIVER].surface, view.stage._actors[SPLEEN].surface
    mask.active = LIVER
    mask.begin_stroke()
    mask.line((20, 20, 12), (20, 30, 20), 0, erase=True)
    assert "brush" in view.said.note
    mask.end_stroke()
    wait_for(lambda: view.stage._actors[LIVER].surface is not before[0], 30)
    assert view.stage._actors[SPLEEN].surface is before[1]  # only what changed is built again
    mask.clear(SPLEEN)
    wait_for(lambda: SPLEEN not in view.stage.values, 30)
    mask.undo()
    wait_for(lambda: SPLEEN in view.stage.values, 30)


def test_a_preset_draws_the_scan_and_surfaces_come_back(window) -> None:
    _open(window)
    view = _shown(window)
    case = window.document.active
    window.scene.set_preset("CT-Bone")
    wait_for(lambda: view.stage.drawn is not None, 30)
    assert not case.scene.surfaces
    assert _colour_at(view, _colour(LIVER)) is None
    assert view.said.title.endswith("CT-Bone")
    window.scene.set_preset("")
    wait_for(lambda: view.stage.drawn is None, 10)
    _at_rest(view)
    assert case.scene.surfaces
    assert _colour_at(view, _colour(LIVER)) is not None


def test_a_case_without_a_scan_says_why_there_is_no_volume(window) -> None:
    labels = np.zeros(GRID.shape, np.uint8)
    labels[10:30, 12:36, 10:26] = LIVER
    window.document.open_mask(LabelMap(labels, GRID, standard_table(), name="liver"))
    window.document.active.mask.mark_saved()
    view = _shown(window)
    window.scene.set_preset("CT-Lung")
    assert "no scan" in window.bar.notices.text
    assert view.stage.drawn is None


def test_a_snapshot_says_that_it_is_synthetic_and_what_it_shows(window, tmp_path: Path) -> None:
    from PIL import Image

    from ctstudio.ui.scene.snapshot import provenance_of

    _open(window, synthetic=True)
    view = _shown(window)
    assert view.said.badge == "SYNTHETIC"
    window.scene.snapshot()
    image = QGuiApplication.clipboard().image()
    window.scene.save(image, tmp_path / "scene.png", provenance_of(window.document.active, view.pose))
    wait_for((tmp_path / "scene.png").exists)
    picture = Image.open(tmp_path / "scene.png")
    assert max(picture.size) >= 1600
    assert "SYNTHETIC" in picture.text["Description"]
    record = json.loads(picture.text["ctstudio"])
    assert record["synthetic"]
    assert set(record["parameters"]["surfaces"]) == {"liver", "spleen"}
    amber = np.abs(np.asarray(picture.convert("RGB")).astype(int) - (240, 163, 60)).max(axis=-1) < 12
    assert np.count_nonzero(amber) > 1000  # the badge


def test_it_can_be_large_and_taken_away_and_follows_the_case(window) -> None:
    _open(window)
    view = _shown(window)
    view.setFocus()
    QTest.keyClick(view, Qt.Key.Key_M)
    assert window.grid.large is view
    QTest.keyClick(view, Qt.Key.Key_M)
    assert window.grid.axial.isVisible()
    QTest.mouseDClick(view, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, QPoint(60, 120))
    assert window.grid.large is view
    window.show_page(1)
    assert view.isVisible()
    assert window.grid.generated.isVisible()
    window.close_case()
    assert view.stage.values == ()
    assert "Open a scan" in view.said.words
    window.scene.toggle()
    assert not view.isVisible()
    assert window.grid.scene is None
    window.scene.toggle()
    assert window.scene.view is view  # one long-lived view
