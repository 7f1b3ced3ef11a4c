"""Bones where arms and legs begin: shoulder blades, collarbones, upper arms, hips, thighs, and the muscles on them."""

from __future__ import annotations

import numpy as np

from ctstudio.phantom.canvas import Area, Canvas
from ctstudio.phantom.shapes import Float, ellipsoid, meet, spline
from ctstudio.phantom.tissue import of_phase
from ctstudio.phantom.torso import Torso

SIDES = (("right", -1.0), ("left", 1.0))


def paint_limbs(canvas: Canvas, torso: Torso, cavity: Float) -> None:
    """Shoulder girdle and pelvis on both sides."""
    for name, side in SIDES:
        _paint_shoulder(canvas, torso, name, side, cavity)
        _paint_pelvis(canvas, torso, name, side)


def _bone(canvas: Canvas, area: Area | None, label: str, wall_mm: float = 1.6) -> None:
    if area is not None:
        depth = np.clip((-area.distance - wall_mm) / 1.5, 0.0, 1.0)
        canvas.paint(area, 860.0 - 620.0 * depth, label, canvas.label[area.box] > 0)


def _paint_shoulder(canvas: Canvas, torso: Torso, name: str, side: float, cavity: Float) -> None:
    """A blade that follows the ribs at the back with its spine, the collarbone, the head of the upper arm."""
    box = canvas.box(
        np.asarray([min(side * 45, side * 150), 5.0, 40.0]), np.asarray([max(side * 45, side * 150), 120, 190])
    )
    if box is not None:
        x, y, z = canvas.points(box)
        u = side * x
        follow = np.abs(cavity[box] - 17.0 - 0.06 * (z - 110.0)) - 1.7
        outline = ellipsoid(u, y, z, (98, 60, 118), (44, 60, 64))
        outline = np.maximum(outline, 34.0 - 0.32 * (z - 60.0) - (132.0 - u))
        _bone(canvas, Area(box, meet(follow, np.maximum(outline, 22.0 - y), 3.0)), f"scapula_{name}", 1.0)
    ridge = spline([(side * 62, 84, 146), (side * 100, 70, 158), (side * 134, 34, 182), (side * 136, 10, 186)], 4)
    _bone(canvas, canvas.tube(ridge, np.full(len(ridge), 4.2), 1.4), f"scapula_{name}")
    collar = spline([(side * 16, -48, 164), (side * 52, -46, 172), (side * 96, -18, 188), (side * 130, 2, 192)], 4)
    _bone(canvas, canvas.tube(collar, np.full(len(collar), 5.6)), f"clavicula_{name}", 1.9)
    arm = spline([(side * 138, 14, 162), (side * 146, 14, 176), (side * 150, 10, 200), (side * 152, 8, 260)], 4)
    radii = np.interp(arm[:, 2], [160, 176, 198, 260], [17.0, 21, 13, 11])
    _bone(canvas, canvas.tube(arm, radii), f"humerus_{name}", 2.2)


def _paint_pelvis(canvas: Canvas, torso: Torso, name: str, side: float) -> None:
    """Wing of the hip with socket, sitting bone and pubic bone; the thigh; the gluteal muscles outside."""
    sy = torso.spine(-262.0)[1]
    box = canvas.box(np.asarray([-170.0, -100, -420]), np.asarray([170.0, 120, -190]))
    if box is None:
        return
    x, y, z = canvas.points(box)
    u = x * np.float32(side)
    bowl = ellipsoid(u, y, z, (22, -14, -250), (112, 84, 120))
    front = np.maximum(-y - 66.0, np.maximum(-z - 345.0, z + 198.0 + 0.0035 * (y - 6.0) ** 2))
    inner = np.maximum(front, 34.0 - u - 0.05 * (y - 40.0))
    blade = np.abs(bowl + 2.0) - 3.2 - 2.6 * np.clip((-z - 270.0) / 40.0, 0, 1)
    wing = meet(blade, np.maximum(inner, (y - sy - 26.0)), 5.0)
    hu = of_phase("muscle", torso.patient.contrast_phase)
    soft = canvas.has(box, "skeletal_muscle") & (u > 14.0)
    outside = np.maximum(-bowl - 1.0, bowl - 40.0 + 12.0 * np.clip((z + 235.0) / 40.0, 0, 1))
    small = np.maximum(outside, np.maximum(bowl - 14.0, np.maximum(z + 214.0, np.abs(y) - 44.0)))
    mid = np.maximum(outside, np.maximum(bowl - 28.0, np.maximum(z + 206.0, np.abs(y - 8.0) - 62.0)))
    large = np.maximum(outside, np.maximum(z + 228.0, 26.0 - y + 0.3 * (u - 60.0)))
    for muscle, label in ((large, "maximus"), (mid, "medius"), (small, "minimus")):
        canvas.paint(Area(box, np.asarray(muscle, np.float32)), hu, f"gluteus_{label}_{name}", soft)
    _bone(canvas, Area(box, np.asarray(wing, np.float32)), f"hip_{name}", 1.5)
    head = np.asarray([side * 88.0, -14.0, -352.0])
    for knots, radius in (
        ([(82, -8, -318), (94, -6, -338), (92, 16, -366), (62, 34, -400), (48, 26, -424)], 13.0),
        ([(84, -30, -342), (50, -58, -352), (10, -66, -372), (10, -58, -392), (44, 10, -420)], 8.0),
    ):
        points = spline([(side * a, b, c) for a, b, c in knots], 4)
        _bone(canvas, canvas.tube(points, np.full(len(points), radius)), f"hip_{name}")
    thigh = spline([tuple(head), (side * 112, -8, -366), (side * 134, -2, -388), (side * 136, -4, -470)], 4)
    radii = np.interp(np.arange(len(thigh)), [0, 3, 6, 12], [22.0, 17, 18, 14])
    ball = canvas.tube(np.stack([head, head + 0.5]), np.full(2, 24.5))
    if ball is not None:
        canvas.paint(ball, 45.0, "body")
    _bone(canvas, canvas.tube(thigh, radii), f"femur_{name}", 2.4)
