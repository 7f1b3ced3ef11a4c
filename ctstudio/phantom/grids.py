"""Grids on which a patient is usually rendered."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ctstudio.core.errors import GeometryError, MaskError
from ctstudio.core.grid import Grid
from ctstudio.phantom.patient import Patient

MIDDLE_MM: dict[str, tuple[float, float, float]] = {
    "chest": (0.0, 4.0, 78.0),
    "abdomen": (0.0, 4.0, -92.0),
    "head": (0.0, 0.0, -4.0),
}
REACH_MM: dict[str, tuple[float, float]] = {"chest": (-60.0, 215.0), "abdomen": (-400.0, 60.0), "head": (-130.0, 115.0)}
"""Heights (patient mm) between which the organs of a region lie."""
BOX_MM: dict[str, tuple[tuple[float, float, float], tuple[float, float, float]]] = {
    "head": ((-96.0, -132.0, -132.0), (96.0, 117.0, 102.0)),
    "chest": ((-201.0, -165.0, -75.0), (201.0, 135.0, 210.0)),
    "abdomen": ((-195.0, -165.0, -300.0), (195.0, 135.0, 36.0)),
}
"""Corners (x, y, z) of what a scan of a region shows: all its organs and the whole body around them, in patient mm."""


def default_grid(patient: Patient, size: int = 128, spacing_mm: float = 2.0) -> Grid:
    """A cube centred on the middle of the patient's region."""
    height = patient.habitus.height
    x, y, z = MIDDLE_MM[patient.region]
    half = 0.5 * (size - 1) * spacing_mm
    return Grid((size,) * 3, (spacing_mm,) * 3, (x - half, y - half, z * height - half))


def region_grid(patient: Patient, spacing_mm: float) -> Grid:
    """What a scan of the patient's region shows, in cubic voxels: its organs, and the whole body around them."""
    low, high = (np.asarray(corner) * (1.0, 1.0, patient.habitus.height) for corner in BOX_MM[patient.region])
    x, y, z = (round(extent / spacing_mm) + 1 for extent in (high - low).tolist())
    return Grid((z, y, x), (spacing_mm,) * 3, (float(low[0]), float(low[1]), float(low[2])))


def axial_grid(patient: Patient, z_mm: Sequence[float], size: int = 256, spacing_mm: float = 1.5) -> Grid:
    """Axial slices at evenly spaced heights, centred on the body.

    Args:
        patient: Whose body.
        z_mm: World heights of the slices, ascending and evenly spaced; one is enough.
        size: Voxels along x and y.
        spacing_mm: In-plane voxel size.

    Raises:
        GeometryError: No height, or heights that are not ascending and evenly spaced.
    """
    heights = np.asarray(z_mm, float)
    steps = np.diff(heights)
    if not len(heights) or (len(steps) and (steps[0] <= 0 or np.abs(steps - steps[0]).max() > 1e-3)):
        raise GeometryError(f"Slices at {list(z_mm)} mm make no grid.", "Give ascending, evenly spaced heights.")
    step = float(heights[1] - heights[0]) if len(heights) > 1 else spacing_mm
    x, y, _ = MIDDLE_MM[patient.region]
    half = 0.5 * (size - 1) * spacing_mm
    origin = (x - half, y - half, float(heights[0]))
    return Grid((len(heights), size, size), (spacing_mm, spacing_mm, step), origin)


def organ_range_mm(patient: Patient, label_name: str) -> tuple[float, float]:
    """Lowest and highest world z (mm) at which a label occurs, found on a coarse grid (about 3 mm exact).

    Raises:
        MaskError: The patient has no such label.
    """
    from ctstudio.phantom.render import render

    height = patient.habitus.height
    low, high = (z * height for z in REACH_MM[patient.region])
    step = 3.0
    shape = (int((high - low) / step) + 1, 56, 76) if patient.region != "head" else (82, 50, 40)
    spacing = (5.0, 5.0, step)
    origin = (-0.5 * 5.0 * (shape[2] - 1), 4.0 - 0.5 * 5.0 * (shape[1] - 1), low)
    labels = render(patient, Grid(shape, spacing, origin), pet=False, mr=False).labels
    found = np.flatnonzero(labels.of(label_name).any(axis=(1, 2)))
    if not len(found):
        raise MaskError(f"This patient has no {label_name!r}.", "Choose a label that its region holds.")
    return low + step * float(found[0]), low + step * float(found[-1])
