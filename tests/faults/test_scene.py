"""The 3D view without OpenGL, with a case closed under it, and stopped while it builds."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from ctstudio.core.grid import Grid
from ctstudio.core.labels import LabelMap, standard_table
from desk import liver, open_window, torso, wait_for

_NO_DRIVER = {"__EGL_VENDOR_LIBRARY_FILENAMES": "/nonexistent", "VTK_DEFAULT_OPENGL_WINDOW": "vtkEGLRenderWindow"}


def _many_labels(count: int = 30) -> LabelMap:
    """Balls in rows, so that building takes a while."""
    grid = Grid.centred((60, 90, 110), (2.0, 2.0, 2.0))
    labels = np.zeros(grid.shape, np.uint8)
    for value in range(1, count + 1):
        y, x = divmod(value - 1, 6)
        labels[10:50, y * 16 + 4 : y * 16 + 18, x * 17 + 4 : x * 17 + 18] = value
    return LabelMap(labels, grid, standard_table(), name="many")


def test_without_opengl_the_cell_says_so_and_the_rest_works(qtbot, tmp_path: Path, monkeypatch) -> None:
    for name, value in _NO_DRIVER.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("DISPLAY", raising=False)
    with open_window(tmp_path) as window:
        window.document.open_volume(torso())
        window.scene.toggle()
        wait_for(lambda: window.scene.director.opengl is not None, 90)
        view = window.scene.view
        assert "OpenGL" in view.said.words
        assert window.scene.director.opengl.remedy.startswith("Install")
        assert view.grab().width() > 100
        assert not view.bar.isEnabled()
        window.scene.snapshot()
        window.scene.set_preset("CT-Bone")
        window.document.import_mask(liver())
        window.document.active.mask.mark_saved()
        assert window.grid.axial.isVisible()


def test_a_machine_without_a_driver_does_not_load_vtk() -> None:
    """The probe's child dies there; this process must live and stay light."""
    code = (
        "import sys; from ctstudio.ui.scene.opengl import probe; found = probe(); "
        "print(found.works, any(name.startswith('vtk') for name in sys.modules), found.reason)"
    )
    environment = {name: value for name, value in os.environ.items() if name != "DISPLAY"} | _NO_DRIVER
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=120, env=environment, check=True
    )
    assert done.stdout.startswith("False False drawing off screen ended with code")


@pytest.fixture
def building(qtbot, opengl, tmp_path: Path):
    """A window whose 3D view has just begun to build many surfaces."""
    with open_window(tmp_path) as window:
        window.scene.look = lambda: opengl  # found once for all tests
        window.document.open_mask(_many_labels())
        window.document.active.mask.mark_saved()
        window.scene.toggle()
        wait_for(lambda: window.scene.view.stage is not None, 60)
        assert window.scene.director.building.jobs
        yield window


def test_a_case_closed_while_its_surfaces_are_built(building) -> None:
    building.close_case()
    director, view = building.scene.director, building.scene.view
    assert director.building.jobs == ()
    wait_for(lambda: director._background.running == 0, 30)
    assert view.stage.values == ()  # nothing of it arrives late
    assert "Open a scan" in view.said.words


def test_building_is_cancelled_and_goes_on_at_the_next_change(building) -> None:
    director, view = building.scene.director, building.scene.view
    assert view.chip.text.startswith("Building")
    view.chip.cancel.click()
    wait_for(lambda: director._background.running == 0, 30)
    count = len(view.stage.values)
    assert count < 30
    assert view.chip.text == ""
    assert view.said.note.startswith("Stopped")
    building.document.active.scene.opacity = 0.8
    wait_for(lambda: len(view.stage.values) == 30, 90)


def test_the_window_closes_while_surfaces_are_built(building) -> None:
    assert building.close()
    assert building.scene.view.stage is None
