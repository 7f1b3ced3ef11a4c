"""Heart with four chambers, and the great vessels of the chest."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ctstudio.phantom.abdomen import Room, moved, wobble
from ctstudio.phantom.canvas import Area, Canvas
from ctstudio.phantom.shapes import Float, Point, ellipsoid, join, meet, spline, turned
from ctstudio.phantom.tissue import of_phase

TILT: Point = (24.0, 24.0, -34.0)
"""Turn of the heart's long axis from +x (left) to left, front and below, degrees."""


def heart_centre(room: Room) -> Point:
    """Middle of the heart, patient mm; it rides on the diaphragm."""
    breath = room.patient.habitus.breath_mm
    x, y, z = moved((17.0, -26.0, 34.0 - 0.8 * breath), room.patient.organ("heart"))
    grow = heart_size(room) - 1.0
    return x + 22.0 * grow, y, z + 18.0 * grow


def heart_size(room: Room) -> float:
    """Size factor of the heart, cardiomegaly included."""
    large = room.patient.finding("cardiomegaly")
    return room.patient.organ("heart").size * (large.size_mm[0] if large else 1.0)


def _frame(room: Room, x: Float, y: Float, z: Float) -> tuple[Float, Float, Float]:
    """Points in the heart's frame: u towards the apex, v to the back, w up; mm at average size."""
    a, b, c = room.patient.organ("heart").turn_deg
    u, v, w = turned(x, y, z, heart_centre(room), (TILT[0] + a, TILT[1] + b, TILT[2] + c))
    size = np.float32(heart_size(room))
    return u / size, v / size, w / size


def sac_distance(room: Room, x: Float, y: Float, z: Float) -> Float:
    """Distance to the pericardium, mm: what the lungs leave free."""
    u, v, w = _frame(room, x, y, z)
    sac = ellipsoid(u, v, w, (2, 0, 2), (66, 49, 47))
    result: Float = (sac * np.float32(heart_size(room))).astype(np.float32)
    return result


def paint_heart(canvas: Canvas, room: Room) -> None:
    """Fat of the sac, muscle, four blood pools."""
    centre = np.asarray(heart_centre(room))
    box = canvas.box(centre - 105, centre + 105)
    if box is None:
        return
    u, v, w = _frame(room, *canvas.points(box))
    rough = wobble(canvas, room, box, "heart", 30, 1.3)
    lv = ellipsoid(u, v, w, (14, 2, -4), (35, 20, 21))
    rv = meet(ellipsoid(u, v, w, (6, -24, -4), (44, 20, 31)), -(lv - 11.0), 4.0)
    la = ellipsoid(u, v, w, (-30, 24, 12), (23, 18, 25))
    ra = ellipsoid(u, v, w, (-40, -10, -8), (23, 25, 28))
    muscle = join(join(lv - 10.5, rv - 3.0, 8.0), join(la - 2.0, ra - 2.5, 6.0), 8.0) + rough
    free = canvas.has(box, "torso_fat", "heart", "inferior_vena_cava") | (canvas.hu[box] < -300)
    phase = room.patient.contrast_phase
    inside = meet(muscle, -room.under[box] + 3.0, 4.0)
    canvas.paint(Area(box, inside), of_phase("myocardium", phase), "heart", free)
    for pool, blood in ((lv, "left_heart"), (la, "left_heart"), (rv, "right_heart"), (ra, "right_heart")):
        trabecular = pool + 0.7 * rough if pool is not la else pool
        canvas.paint(Area(box, trabecular), of_phase(blood, phase), "heart", inside < 0, edge_mm=2.0)


def paint_great_vessels(canvas: Canvas, room: Room) -> None:
    """Superior vena cava, brachiocephalic and neck vessels, pulmonary trunk and veins."""
    phase = room.patient.contrast_phase
    artery, lung = of_phase("artery", phase), of_phase("lung_artery", phase)
    vein = of_phase("vein", phase) if phase != "arterial" else 420.0
    _line(canvas, [(-28, -14, 62), (-28, -14, 96), (-27, -12, 128)], 10.0, vein, "superior_vena_cava")
    _line(canvas, [(-27, -12, 128), (-32, -10, 152), (-44, 2, 186)], 7.5, vein, "brachiocephalic_vein_right")
    _line(canvas, [(-25, -14, 132), (6, -28, 150), (32, -12, 172), (42, 2, 190)], 6.5, 0.6 * vein + 20,
          "brachiocephalic_vein_left")  # fmt: skip
    _line(canvas, [(-8, -6, 138), (-20, -6, 158), (-26, 0, 172)], 6.5, artery, "brachiocephalic_trunk")
    _line(canvas, [(-26, 0, 172), (-28, 4, 200), (-27, 4, 250)], 3.8, artery, "common_carotid_artery_right")
    _line(canvas, [(-26, 0, 172), (-48, 8, 192), (-80, 10, 196)], 4.4, artery, "subclavian_artery_right")
    _line(canvas, [(2, 4, 140), (14, 4, 170), (24, 4, 205), (26, 4, 250)], 3.8, artery, "common_carotid_artery_left")
    _line(canvas, [(12, 16, 140), (26, 16, 172), (48, 12, 194), (80, 12, 196)], 4.8, artery, "subclavian_artery_left")
    _line(canvas, [(8, -42, 66), (12, -32, 86), (14, -14, 99), (8, -4, 101)], 13.0, lung, "lung_vessels")
    _line(canvas, [(10, -6, 101), (-18, 2, 97), (-46, 8, 90)], 9.5, lung, "lung_vessels")
    _line(canvas, [(10, -6, 101), (32, 8, 106), (46, 18, 98)], 9.5, lung, "lung_vessels")
    atrium = np.asarray(heart_centre(room)) + np.asarray([-6, 26, 22])
    left = of_phase("left_heart", phase)
    for x, y, z in ((-48, 0, 72), (-48, 16, 48), (50, 4, 78), (46, 20, 50)):
        _line(canvas, [tuple(atrium), (0.6 * x, 8, 0.5 * (z + atrium[2])), (x, y, z)], 6.0, left, "pulmonary_vein")


def neck_soft_tissue(canvas: Canvas, room: Room) -> None:
    """Thyroid beside the trachea."""
    hu = of_phase("thyroid", room.patient.contrast_phase)
    for side in (-1.0, 1.0):
        y = room.torso.spine(226)[1] - 38.0
        _line(canvas, [(side * 15, y, 205), (side * 18, y + 1, 222), (side * 16, y + 4, 242)], 7.5, hu, "thyroid_gland")


def _line(canvas: Canvas, knots: list[tuple[float, ...]], radius: float, hu: float, label: str) -> None:
    points: NDArray[np.float64] = spline(knots, 4)
    area = canvas.tube(points, np.full(len(points), radius))
    if area is None:
        return
    only = ~canvas.has(area.box, "heart", "aorta", "trachea")
    canvas.paint(area, hu, label, only)
