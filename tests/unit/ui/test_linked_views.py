"""Views of one place stay together, also when the voxels become finer."""

import numpy as np
import pytest

from ctstudio.core.grid import Grid
from ctstudio.core.volume import Volume
from ctstudio.core.windows import PRESETS, Window
from ctstudio.session.viewing import Framing
from ctstudio.ui.linked_views import LinkedViews
from ctstudio.ui.planes import AXIAL, CORONAL


def _volume(side: int) -> Volume:
    grid = Grid.centred((side,) * 3, (320 / side,) * 3)
    return Volume(np.zeros(grid.shape, np.float32), grid, synthetic=True)


@pytest.fixture
def linked(qtbot):
    found = LinkedViews(PRESETS["Lung"])
    views = found.make(AXIAL), found.make(CORONAL), found.make(AXIAL, window=Window(0, 100))
    for view in views:
        qtbot.addWidget(view)
        view.resize(200, 200)
    return found, *views


def test_crosshair_window_and_zoom_are_shared(linked):
    together, axial, coronal, own = linked
    together.show(dict.fromkeys((axial, coronal, own), _volume(32)))
    assert axial.item.index == coronal.item.index == 16
    together.viewing.crosshair = (3, 5, 7)
    assert (axial.item.index, own.item.index, coronal.item.index) == (3, 3, 5)
    together.viewing.window = PRESETS["Bone"]
    assert axial.window_hu == PRESETS["Bone"]
    assert own.window_hu == Window(0, 100)
    together.viewing.frame(0, Framing(2.0))
    assert axial.pixels_per_mm == pytest.approx(own.pixels_per_mm)
    assert axial.pixels_per_mm == pytest.approx(2 * coronal.pixels_per_mm, rel=0.01)


def test_finer_voxels_keep_the_place(linked):
    together, axial, coronal, _ = linked
    together.show({axial: _volume(32), coronal: _volume(32)})
    together.viewing.crosshair = (8, 20, 31)
    before = axial.volume.grid.to_world(together.viewing.crosshair)
    together.show({axial: _volume(128), coronal: _volume(128)})
    after = axial.volume.grid.to_world(together.viewing.crosshair)
    assert np.abs(np.subtract(after, before)).max() <= 320 / 128
    assert together.viewing.shape == (128, 128, 128)
    assert axial.item.index == together.viewing.crosshair[0]


def test_a_click_moves_all_views(qtbot, linked):
    from PySide6.QtCore import Qt

    together, axial, coronal, _ = linked
    together.show({axial: _volume(32), coronal: _volume(32)})
    axial.show()
    qtbot.mouseClick(axial, Qt.MouseButton.LeftButton, pos=axial.point_of((16, 4, 9)).toPoint())
    assert together.viewing.crosshair == (16, 4, 9)
    assert coronal.item.index == 4
