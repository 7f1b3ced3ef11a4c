"""Skin, fat and the muscles of the trunk, and the table under the patient."""

from __future__ import annotations

import numpy as np

from ctstudio.phantom.canvas import Area, Canvas
from ctstudio.phantom.shapes import Float, ellipsoid, join, meet
from ctstudio.phantom.texture import waves
from ctstudio.phantom.tissue import of_phase
from ctstudio.phantom.torso import Torso

FAT_HU = -106.0
INNER_FAT_HU = -100.0


def paint_table(canvas: Canvas, back_mm: float) -> None:
    """A hollow carbon couch below the back, without a label; `back_mm` is the patient y of the lowest skin."""
    sag = 0.00055 * canvas.x * canvas.x
    depth = np.abs(canvas.front + np.float32(0) * canvas.x - (back_mm + 14.0 - sag)) - 11.0
    couch = meet(depth, np.abs(canvas.x) - 215.0, 6.0)
    canvas.paint(Area(canvas.everything, couch), -960.0, None)
    canvas.paint(Area(canvas.everything, np.abs(couch + 1.0) - 1.0), -420.0, None)


def paint_trunk(canvas: Canvas, torso: Torso) -> Float:
    """Skin, subcutaneous fat, trunk muscles and the fat of the cavity; gives the distance to the cavity."""
    everything = canvas.everything
    x, y, z = canvas.x, canvas.y, canvas.level
    muscle = torso.muscle(x, y, z)
    shoulders = join(_shoulder(canvas, -1.0), _shoulder(canvas, 1.0), 1.0)
    muscle = join(muscle, shoulders, 30.0)
    outer = muscle - torso.fat(x, y, z)
    paint_table(canvas, _back(torso))
    canvas.paint(Area(everything, outer), 18.0, "skin")
    canvas.paint(Area(everything, outer + 2.0), FAT_HU, "subcutaneous_fat")
    uneven = canvas.field(waves(torso.patient.seed, "muscle edge", wavelength_mm=60, sd=1.2), everything)
    canvas.paint(Area(everything, muscle + uneven), of_phase("muscle", torso.patient.contrast_phase), "skeletal_muscle")
    cavity = torso.cavity(x, y, z)
    _fat_planes(canvas, torso, muscle, cavity)
    canvas.paint(Area(everything, cavity), INNER_FAT_HU, "torso_fat")
    return cavity


def _shoulder(canvas: Canvas, side: float) -> Float:
    return ellipsoid(canvas.x, canvas.y, canvas.z, (side * 128.0, 16.0, 170.0), (42.0, 46.0, 40.0))


def _back(torso: Torso) -> float:
    """Patient y of the lowest skin on the back."""
    inside = (torso.axis > -330) & (torso.axis < 160)
    return float(np.max((torso.trunk[1] + torso.trunk[2])[inside]) + torso.fat_mm * 0.85)


def _fat_planes(canvas: Canvas, torso: Torso, muscle: Float, cavity: Float) -> None:
    """Thin fat between the layers of the wall's muscles, wavy and interrupted."""
    wall = cavity - muscle
    share = cavity / np.maximum(wall, 1.0)
    seed = torso.patient.seed
    wave = canvas.field(waves(seed, "planes", wavelength_mm=70, sd=0.16), canvas.everything)
    gap = canvas.field(waves(seed, "gaps", wavelength_mm=45, sd=1.0), canvas.everything)
    plane = np.abs(share - 0.62 - wave) * wall - (0.9 + 1.1 * gap)
    plane = np.where((cavity > 4.0) & (muscle < -3.0), plane, 9.0).astype(np.float32)
    canvas.paint(Area(canvas.everything, plane), FAT_HU + 10.0, "torso_fat", edge_mm=1.6)
