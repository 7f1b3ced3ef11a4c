"""A picture of the 3D view that says what it shows: into a PNG with provenance, and onto the clipboard."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QSize
from PySide6.QtGui import QImage

from ctstudio import __version__
from ctstudio.core.grid import Grid
from ctstudio.core.provenance import Provenance
from ctstudio.io.pictures import write_png
from ctstudio.session.document import Case
from ctstudio.ui.scene.camera import Pose
from ctstudio.ui.scene.looks import looks_of
from ctstudio.ui.scene.scene_view import SceneView

_LONG_SIDE = 1600


def take(view: SceneView) -> QImage:
    """The scene at rest with letters, cube and badge, its longer side at least 1600 pixels."""
    scale = max(_LONG_SIDE / max(view.width(), view.height(), 1), view.devicePixelRatioF())
    return view.picture(QSize(round(view.width() * scale), round(view.height() * scale)))


def save(image: QImage, path: Path, provenance: Provenance) -> Path:
    """Write the picture with its provenance inside; a synthetic one is stamped once more.

    Raises:
        StorageError: Disk full or no permission.
    """
    write_png(_rgb(image), path, provenance)
    return path


def provenance_of(case: Case, pose: Pose) -> Provenance:
    """What the picture shows, and of what."""
    seen = {value: look for value, look in looks_of(case).items() if look.opacity > 0}
    names = {case.mask.table.by_value(value).name: round(look.opacity, 3) for value, look in sorted(seen.items())}
    camera = {
        "focus_mm": _rounded(pose.focus_mm),
        "distance_mm": round(pose.distance_mm, 2),
        "towards": _rounded(pose.towards),
        "up": _rounded(pose.up),
    }
    return Provenance(
        system="ctstudio",
        task="3d-snapshot",
        parameters={"preset": case.scene.preset, "surfaces": names, "camera_lps": camera},
        seed=0,
        model="",
        inputs={"scan": {"file": str(case.path or ""), "name": case.name, "grid": _grid(case.volume.grid)}},
        versions={"ctstudio": __version__},
        synthetic=case.volume.synthetic or case.mask.synthetic,
    )


def _rgb(image: QImage) -> NDArray[np.uint8]:
    """(y, x, 3) RGB of a picture."""
    flat = image.convertToFormat(QImage.Format.Format_RGB888)
    rows = np.frombuffer(flat.constBits(), np.uint8).reshape(flat.height(), flat.bytesPerLine())
    return rows[:, : 3 * flat.width()].reshape(flat.height(), flat.width(), 3).copy()


def _grid(grid: Grid) -> dict[str, Any]:
    return {"shape": list(grid.shape), "spacing_mm": list(grid.spacing_mm), "origin_mm": list(grid.origin_mm)}


def _rounded(vector: NDArray[np.float64]) -> list[float]:
    return [round(float(part), 4) for part in vector]
