"""Kidneys: bean, cortex and medulla, sinus fat, renal pelvis, ureter and vessels."""

from __future__ import annotations

import numpy as np

from ctstudio.phantom.abdomen import Room, moved, wobble
from ctstudio.phantom.canvas import Area, Canvas
from ctstudio.phantom.shapes import Float, Point, ellipsoid, join, meet, turned
from ctstudio.phantom.tissue import of_phase

YIELDING = ("spleen", "stomach", "colon", "liver", "small_bowel", "pancreas", "duodenum")
"""Organs in which a kidney leaves an impression, with fat between."""


def kidney_centre(room: Room, side: float) -> Point:
    """Middle of the left (side +1) or right (-1) kidney, patient mm."""
    place = room.patient.organ("kidney_left" if side > 0 else "kidney_right")
    z = -112.0 if side > 0 else -124.0
    return moved((side * 64.0, room.torso.spine(z)[1] - 2.0, z), place)


def paint_kidneys(canvas: Canvas, room: Room) -> None:
    """Both kidneys."""
    for label, side in (("kidney_right", -1.0), ("kidney_left", 1.0)):
        _paint_kidney(canvas, room, label, side)


def _paint_kidney(canvas: Canvas, room: Room, label: str, side: float) -> None:
    place = room.patient.organ(label)
    centre = kidney_centre(room, side)
    box = canvas.box(np.asarray(centre) - np.asarray([48, 48, 76]), np.asarray(centre) + np.asarray([48, 48, 76]))
    if box is None:
        return
    a, b, c = place.turn_deg
    u, v, w = turned(*canvas.points(box), centre, (8.0 + a, side * (9.0 + b), side * (-28.0 + c)))
    u = u * np.float32(side)
    bean, sinus = _bean(u, v, w, place.size)
    bean = bean + wobble(canvas, room, box, label, 24, 0.7)
    bean = meet(bean, room.lid(box, 4.0), 6.0)
    phase = room.patient.contrast_phase
    cortex, medulla = of_phase("kidney_cortex", phase), of_phase("kidney_medulla", phase)
    halo = canvas.has(box, *YIELDING)
    canvas.paint(Area(box, bean - 2.6), -100.0, "torso_fat", halo)
    canvas.paint(Area(box, bean), cortex, label)
    pyramids = meet(bean + 6.5, _columns(u, w, place.size), 3.0)
    canvas.paint(Area(box, pyramids), medulla, None, bean < 0, edge_mm=2.5)
    rough = wobble(canvas, room, box, label + " sinus", 9, 1.1)
    canvas.paint(Area(box, sinus + rough), -95.0, "torso_fat", edge_mm=2.0)
    pelvis = ellipsoid(u, v, w, (-15.0, 2.0, -3.0), (12.0, 4.5, 9.0))
    canvas.paint(Area(box, pelvis), of_phase("urine", phase), "body")


def _bean(u: Float, v: Float, w: Float, size: float) -> tuple[Float, Float]:
    """Distances to the kidney and to the fat of its sinus; u points away from the spine."""
    bent = u + 0.0042 * w * w / size
    outer = ellipsoid(bent, v, w, (3.0, 0, 0), (30.0 * size, 26.0 * size, 57.0 * size))
    hilum = ellipsoid(u, v, w, (-27.0 * size, 2.0, 0), (20.0, 11.0, 20.0))
    outer = meet(outer, -hilum, 6.0)
    sinus = ellipsoid(bent, v, w, (-6.0, 1.0, 0), (14.0 * size, 8.0 * size, 27.0 * size))
    return outer, meet(join(sinus, hilum, 4.0), outer - 1.0, 3.0)


def _columns(u: Float, w: Float, size: float) -> Float:
    """Pyramids between columns of cortex: about nine around the long axis."""
    angle = np.arctan2(w / (1.8 * size), u + 12.0)
    result: Float = (2.0 - 5.5 * np.abs(np.cos(4.5 * angle))).astype(np.float32)
    return result
