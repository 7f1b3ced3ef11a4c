"""Ribs, costal cartilages and sternum."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ctstudio.phantom.canvas import Area, Canvas
from ctstudio.phantom.skeleton import VERTEBRAE
from ctstudio.phantom.torso import Torso

DROP_MM = (34, 52, 66, 78, 90, 100, 106, 106, 102, 92, 64, 34)
END_DEG = (28, 28, 28, 29, 31, 34, 38, 46, 56, 68, 108, 132)
"""Angle from the front (0) to the back (180) at which each rib's bone ends."""
RIB_CORTEX_HU, RIB_SPONGY_HU = 640.0, 210.0


def paint_ribs(canvas: Canvas, torso: Torso) -> None:
    """Twelve pairs of ribs around the cavity, the cartilages in front, and the sternum."""
    _paint_sternum(canvas, torso)
    for number in range(1, 13):
        for side in ("left", "right"):
            bone, cartilage = rib_path(torso, number, 1.0 if side == "left" else -1.0)
            if cartilage is not None:
                canvas.paint(canvas.tube(cartilage, np.full(len(cartilage), 4.6), 1.35), 105.0, "costal_cartilages")
            _paint_rib(canvas, bone, f"rib_{side}_{number}")


def rib_path(torso: Torso, number: int, side: float) -> tuple[NDArray[np.float64], NDArray[np.float64] | None]:
    """Middle lines of a rib's bone and of its cartilage (None where it has none), patient mm."""
    top = VERTEBRAE[f"T{number}"][0] + 8.0
    angle = np.linspace(162.0, END_DEG[number - 1], 16)
    bone = _around(torso, angle, top, DROP_MM[number - 1], side)
    x0, y0 = torso.spine(top)
    head = np.asarray([[x0 + side * 16.0, y0 + 12.0, top], [x0 + side * 31.0, y0 + 24.0, top - 1.0]])
    bone = np.concatenate([head, bone])
    if number > 10:
        return bone, None
    rise = max(0.0, 22.0 * (number - 5))
    goal_z = _sternum_z(min(number, 7))
    front = np.linspace(END_DEG[number - 1], 7.0 + 1.2 * max(0, number - 7), 7)
    cartilage = _around(torso, front, bone[-1, 2], 0.0, side)
    bend = np.linspace(0.0, 1.0, 7)
    cartilage[:, 2] += bend**1.5 * (goal_z - bone[-1, 2]) - np.sin(np.pi * bend) * min(rise, 10.0)
    return bone, cartilage[: 7 if number < 8 else 5]


def _around(torso: Torso, angle_deg: NDArray[np.float64], top: float, drop: float, side: float) -> NDArray[np.float64]:
    """Points on the cavity's wall at angles from the front; bones sink by `drop` towards the front."""
    share = (162.0 - angle_deg) / 134.0
    z = top - drop * np.clip(share, 0.0, 1.0) ** 1.25 if drop else np.full(len(angle_deg), top)
    width, depth, middle = (np.interp(z, torso.axis, row) for row in torso.cavity_table)
    theta = np.deg2rad(angle_deg)
    along_x, along_y = np.sin(theta), -np.cos(theta)
    radius = ((np.abs(along_x) / width) ** 2.4 + (np.abs(along_y) / depth) ** 2.4) ** (-1 / 2.4) + 5.5
    return np.stack([side * radius * along_x, middle + radius * along_y, z], axis=1)


def _paint_rib(canvas: Canvas, points: NDArray[np.float64], label: str) -> None:
    area = canvas.tube(points, np.full(len(points), 4.3), 1.5)
    if area is None:
        return
    depth = np.clip((-area.distance - 1.0) / 1.4, 0.0, 1.0)
    canvas.paint(Area(*area), RIB_CORTEX_HU + depth * (RIB_SPONGY_HU - RIB_CORTEX_HU), label)


def _sternum_z(number: int) -> float:
    """Where a cartilage meets the sternum."""
    return 158.0 - 22.0 * float(np.power(number - 1, 0.95))


def _paint_sternum(canvas: Canvas, torso: Torso) -> None:
    z = np.linspace(168.0, 8.0, 14)
    _, depth, middle = (np.interp(z, torso.axis, row) for row in torso.cavity_table)
    front = middle - depth - 5.0
    half = np.interp(z, [8, 30, 120, 140, 168], [4.0, 13.0, 11.0, 18.0, 24.0])
    for share in (-1.0, -0.33, 0.33, 1.0):
        points = np.stack([share * (half - 5.0).clip(0), front + 1.5 * abs(share), z], axis=1)
        area = canvas.tube(points, np.full(len(points), 6.0))
        if area is not None:
            deep = np.clip((-area.distance - 1.0) / 1.4, 0.0, 1.0)
            fresh = ~canvas.has(area.box, "sternum") | (area.distance < -2.5)
            canvas.paint(area, 480.0 + deep * (150.0 - 480.0), "sternum", fresh)
