"""Open a scan, paint a liver, turn the dial, generate, choose, save: the main job through the real window."""

from __future__ import annotations

import json

import numpy as np
import pytest
from PySide6.QtCore import Qt

from ctstudio.io.reading import read_labels, read_volume
from ctstudio.io.writing import write_volume
from ctstudio.ui.page_order import GENERATE_PAGE
from desk import GRID, LIVER, drag, drop_file, open_window, ready, spot, torso, wait_for


@pytest.fixture
def scan(tmp_path):
    path = tmp_path / "torso.nii.gz"
    write_volume(torso(), path)
    return path


def test_from_a_dropped_scan_to_a_saved_sample(qtbot, tmp_path, scan) -> None:
    with open_window(tmp_path) as window:
        drop_file(window, scan)
        wait_for(lambda: window.document.active)
        case = window.document.active
        ready(window)

        # Paint with the brush's key and the mouse.
        axial = window.grid.axial
        case.viewing.crosshair = (5, 40, 48)
        axial.setFocus()
        qtbot.keyClick(axial, Qt.Key.Key_2)
        drag(axial, [spot(axial, (5, 40, x)) for x in (30, 40, 50)])
        painted = case.mask.array.copy()
        assert painted[5, 40, 30:51].tolist() == [LIVER] * 21
        assert not painted[[4, 6]].any()
        assert np.isclose(_thickness_mm(painted[5, :, 40]), 2 * case.mask.brush.radius_mm, atol=2.1)

        # Undo and redo by their keys.
        qtbot.keyClick(axial, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
        assert case.mask.empty
        qtbot.keyClick(axial, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier)
        assert np.array_equal(case.mask.array, painted)

        # Turn the dial and generate.
        window.show_page(GENERATE_PAGE)
        dial = window.generator.dial
        dial.setFocus()
        qtbot.keyClick(dial, Qt.Key.Key_Home)
        assert window.form.values["dose"] == 0.05
        qtbot.keyClick(axial, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
        wait_for(lambda: case.results.items)
        wait_for(lambda: window.link.client.status == "ready")
        qtbot.keyClick(dial, Qt.Key.Key_End)
        qtbot.mouseClick(window.generator.generate, Qt.MouseButton.LeftButton)
        wait_for(lambda: len(case.results.items) == 2)

        # The strip says dose and noise; the chosen sample stands beside the original, linked and marked.
        cards = [thumbnail.card for thumbnail in window.strip.thumbnails]
        assert [card.dose for card in cards] == [1.0, 0.05]
        assert cards[1].measured_hu == pytest.approx(cards[1].requested_hu, rel=0.1)
        generated = window.grid.generated
        assert generated.synthetic
        assert not axial.synthetic
        qtbot.mouseClick(window.strip.thumbnails[1], Qt.MouseButton.LeftButton)
        assert case.results.chosen.sample.provenance.parameters["dose"] == 0.05
        assert generated.volume is case.results.chosen.sample.outputs["ct"]

        # Save it with its provenance.
        window.saving.sample(case, case.results.chosen, tmp_path / "saved")
        wait_for(lambda: "saved in" in window.bar.notices.text)
        folder = case.results.chosen.saved_path
        assert folder == tmp_path / "saved" / "0001"
        ct, mask = read_volume(folder / "ct.nii.gz"), read_labels(folder / "mask.nii.gz")
        assert ct.synthetic
        assert ct.grid.matches(GRID)
        assert np.array_equal(mask.array, painted)
        assert json.loads((folder / "provenance.json").read_text())["parameters"]["dose"] == 0.05
        assert window.strip.thumbnails[1].card.saved


def test_original_and_generated_move_together(qtbot, tmp_path) -> None:
    from desk import liver, wheel

    with open_window(tmp_path) as window:
        case = window.document.open_volume(torso())
        window.document.import_mask(liver())
        ready(window)
        window.generate()
        wait_for(lambda: case.results.chosen)
        axial, generated = window.grid.axial, window.grid.generated
        wheel(generated, 1)
        assert case.viewing.crosshair[0] == axial.item.index == generated.item.index
        wheel(generated, 3, Qt.KeyboardModifier.ControlModifier)
        assert generated.pixels_per_mm == pytest.approx(axial.pixels_per_mm, rel=1e-2)
        assert generated.shown_mm.center().x() == pytest.approx(axial.shown_mm.center().x(), abs=1.0)
        qtbot.keyClick(generated, Qt.Key.Key_3, Qt.KeyboardModifier.NoModifier)
        qtbot.keyClick(generated, Qt.Key.Key_F3)
        assert generated.window_hu == axial.window_hu == case.viewing.window
        assert case.viewing.window.level_hu == -600


def test_the_badge_is_in_the_picture(qtbot, tmp_path) -> None:
    from ctstudio.ui import theme

    def amber(view) -> int:
        image = view.grab().toImage()
        wanted = theme.SYNTHETIC.lower()
        return sum(image.pixelColor(x, y).name() == wanted for x in range(5, 110) for y in range(20, 60))

    with open_window(tmp_path) as window:
        window.document.open_volume(torso())
        assert amber(window.grid.axial) == 0
        from dataclasses import replace

        window.document.open_volume(replace(torso(), synthetic=True))
        for view in (window.grid.axial, window.grid.coronal, window.grid.sagittal):
            assert 300 < amber(view) < 2500


def _thickness_mm(column: np.ndarray) -> float:
    return float(np.count_nonzero(column) * 2.0)
