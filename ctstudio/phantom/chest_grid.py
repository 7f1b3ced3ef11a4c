"""The field of view of a generated chest, centred on a patient's lungs."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ctstudio.core.errors import ParameterError
from ctstudio.core.grid import Grid
from ctstudio.phantom.abdomen import Room
from ctstudio.phantom.canvas import Canvas
from ctstudio.phantom.lungs import chest_of
from ctstudio.phantom.patient import Patient, body_of
from ctstudio.phantom.torso import torso_of

FIELD_MM = (292.0, 316.0, 316.0)
"""Field of view along (z, y, x), mm. Source: MedSyn, the atlas to which its scans are registered."""
_COARSE = Grid((88, 48, 64), (5.0, 5.0, 5.0), (-157.5, -117.5, -170.0))
"""Holds the lungs of every patient."""


def chest_grid(patient: Patient, size: int = 128) -> Grid:
    """A cube of voxels over 292 x 316 x 316 mm (z, y, x) around both lungs.

    The middle of the lungs is the middle of the field; lungs that are longer than the field lose as little as can be.

    Raises:
        ParameterError: The patient has no chest, or the size is below 1.
    """
    if patient.region != "chest" or size < 1:
        raise ParameterError(
            f"A {patient.region} of {size} voxels has no field of view around the lungs.",
            "Give a chest and a size of 1 or more.",
        )
    inside = _lungs(patient)
    middle = [_middle(inside, axis) for axis in range(3)]
    spacing = [field / size for field in FIELD_MM]
    z, y, x = (m - 0.5 * (size - 1) * s for m, s in zip(middle, spacing, strict=True))
    return Grid((size, size, size), (spacing[2], spacing[1], spacing[0]), (x, y, z))


def _lungs(patient: Patient) -> NDArray[np.bool_]:
    """Where the pleural spaces lie on the coarse grid."""
    canvas = Canvas(_COARSE, body_of(patient), {})
    torso = torso_of(patient)
    cavity = torso.cavity(canvas.x, canvas.y, canvas.level)
    chest = chest_of(canvas, Room(torso, cavity, canvas.z - torso.dome(canvas.x, canvas.y)))
    inside = np.zeros(_COARSE.shape, bool)
    if chest is not None:
        inside[chest.box] = chest.pleura < 0
    return inside


def _middle(inside: NDArray[np.bool_], axis: int) -> float:
    """World mm of the middle of the lungs along one array axis."""
    across = tuple(a for a in range(3) if a != axis)
    counts = inside.sum(axis=across)
    first, last = np.flatnonzero(counts)[[0, -1]]
    step, start = _COARSE.spacing_mm[2 - axis], _COARSE.origin_mm[2 - axis]
    wide = int(FIELD_MM[axis] // step)
    if last - first + 1 <= wide:
        return start + step * 0.5 * float(first + last)
    held = np.convolve(counts, np.ones(wide), mode="valid")
    best = np.flatnonzero(held == held.max()).mean()
    return start + step * (float(best) + 0.5 * (wide - 1))
