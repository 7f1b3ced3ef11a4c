"""The README's picture of the 3D view: a chest phantom's labels, bones, lungs and vessels."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from PySide6.QtCore import QSize
from PySide6.QtGui import QImage

from ctstudio.phantom.grids import default_grid
from ctstudio.phantom.patient import make_patient
from ctstudio.phantom.render import render
from ctstudio.session.document import Case, Document
from ctstudio.session.mask_import import onto_scan
from ctstudio.ui.app import make_application
from ctstudio.ui.scene.looks import looks_of
from ctstudio.ui.scene.opengl import choose, probe
from ctstudio.ui.scene.presets import preset
from ctstudio.ui.scene.scene_view import Said, SceneView
from ctstudio.ui.scene.volume_field import volume_field

SEED, VOXELS, VOXEL_MM = 100_007, 176, 2.0
PANEL = 400
GREYS = 4  # that nobody tells apart, and that pack to half the size
SHOWN = ("", "CT-Bone", "CT-Lung", "CT-Chest-Vessels")


def write(path: Path) -> None:
    """Write four views in a row, each with its marks, as PNG."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    choose(probe())
    make_application()
    case, view = _case(), SceneView()
    view.resize(PANEL, PANEL)
    _build(case, view)
    panels = [_panel(case, view, name) for name in SHOWN]
    view.close_stage()
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray((np.concatenate(panels, axis=1) // GREYS) * GREYS).save(path, "PNG", optimize=True)


def _case() -> Case:
    patient = make_patient(SEED, "chest", {})
    phantom = render(patient, default_grid(patient, VOXELS, VOXEL_MM), pet=False, mr=False)
    document = Document()
    case = document.open_volume(phantom.ct)
    document.apply_mask(case, onto_scan(phantom.labels, case.volume.grid, case.mask.table))
    return case


def _build(case: Case, view: SceneView) -> None:
    """Put the surfaces on a stage, as fine as a graphics card would show them."""
    from ctstudio.ui.scene.stage import Stage  # VTK, once it is known what draws
    from ctstudio.ui.scene.surfaces import build_surfaces

    view.stage = Stage(software=True)
    looks = looks_of(case)
    values = [value for value, look in looks.items() if look.opacity > 0]
    for surface in build_surfaces(case.mask.array, case.mask.grid, values, False, lambda: False):
        if not isinstance(surface, int):
            view.stage.put(surface, looks[surface.value])


def _panel(case: Case, view: SceneView, name: str) -> NDArray[np.uint8]:
    """(y, x, 3) RGB of the surfaces, or of the scan with a preset."""
    chosen = preset(name)
    if chosen is not None and view.stage is not None:
        view.stage.show({})
        view.stage.put_volume(volume_field(case.volume, chosen.part, True, lambda: False), chosen)
    view.say(Said(f"3D   {name}".rstrip(), "", "SYNTHETIC"))
    view.fit()
    image = view.picture(QSize(PANEL, PANEL)).convertToFormat(QImage.Format.Format_RGB888)
    rows = np.frombuffer(image.constBits(), np.uint8).reshape(PANEL, image.bytesPerLine())
    return rows[:, : 3 * PANEL].reshape(PANEL, PANEL, 3).copy()
