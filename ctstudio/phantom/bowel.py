"""Oesophagus, stomach, duodenum, colon and small bowel: walls with mixed content, air in front."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ctstudio.core.seeds import stream
from ctstudio.phantom.abdomen import Room, wobble
from ctstudio.phantom.canvas import Area, Canvas
from ctstudio.phantom.shapes import Float, meet, spline
from ctstudio.phantom.tissue import of_phase

AIR_HU = -970.0
GULLET = ((250.0, 20.0), (190.0, 26.0), (120.0, 31.0), (60.0, 34.0), (10.0, 36.0))
"""Height of the oesophagus, and how far its middle lies before that of the vertebrae, mm."""


def paint_stomach(canvas: Canvas, room: Room) -> None:
    """Fundus under the left dome, body, antrum across the midline; fluid with air in front."""
    place = room.patient.organ("stomach")
    size, shift = place.size, np.asarray(place.shift_mm)
    knots = np.asarray(
        [(56.0, 24, -34), (64, 8, -50), (66, -22, -78), (48, -44, -104), (16, -52, -118), (-22, -38, -114)]
    )
    points = spline(knots + shift, 5)
    radii = np.interp(np.linspace(0, 1, len(points)), [0, 0.2, 0.5, 0.75, 1], [38.0, 36, 28, 21, 11]) * size
    area = canvas.tube(points, radii, 1.0, 8.0)
    if area is None:
        return
    distance = meet(area.distance + wobble(canvas, room, area.box, "stomach", 40, 2.0), room.lid(area.box), 6.0)
    folds = np.abs(wobble(canvas, room, area.box, "rugae", 16, 1.6))
    hu = of_phase("wall", room.patient.contrast_phase)
    canvas.paint(Area(area.box, distance), hu, "stomach")
    inside = Area(area.box, distance + 3.6 + folds)
    food = 20.0 + wobble(canvas, room, area.box, "food", 22, 7.0)
    canvas.paint(inside, food, "stomach")
    rng = stream(room.patient.seed, "stomach air")
    fill = float(rng.uniform(-62, -30)) + shift[1]
    air = meet(inside.distance + 0.5, canvas.y[area.box] - np.float32(fill), 1.0)
    canvas.paint(Area(area.box, air), AIR_HU, "stomach")


def paint_esophagus(canvas: Canvas, room: Room) -> None:
    """From the neck behind the trachea to the stomach, with a little air."""
    torso = room.torso
    knots: list[tuple[float, float, float]] = [(2.0, torso.spine(z)[1] - gap, z) for z, gap in GULLET]
    knots += [(12.0, torso.spine(-20)[1] - 36, -22.0), (34.0, 22.0, -42.0)]
    points = spline(knots, 5)
    hu = of_phase("wall", room.patient.contrast_phase) - 10
    canvas.paint(canvas.tube(points, np.full(len(points), 7.5)), hu, "esophagus")
    canvas.paint(canvas.tube(points[4:16], np.full(12, 1.8)), -500.0, "esophagus")


def paint_duodenum(canvas: Canvas, room: Room) -> None:
    """The C around the head of the pancreas."""
    front = room.torso.spine(-120)[1]
    shift = np.asarray(room.patient.organ("pancreas").shift_mm)
    knots = [(-26.0, -36.0, -112), (-48, front - 42, -116), (-54, front - 36, -142), (-40, front - 32, -164),
             (-4, front - 38, -166), (28, front - 36, -148)]  # fmt: skip
    _paint_loop(canvas, room, spline(np.asarray(knots) + 0.6 * shift, 4), 12.0, "duodenum", 25.0)


def paint_small_bowel(canvas: Canvas, room: Room) -> None:
    """A long smooth wandering tube in the middle of the lower abdomen."""
    rng = stream(room.patient.seed, "small bowel")
    count = 120
    angle = np.cumsum(rng.uniform(0.55, 1.0, count))
    spread = np.sqrt(rng.uniform(0.1, 1.0, count))
    level = np.linspace(-150.0, -318.0, count) + rng.normal(0, 7.0, count)
    wide = np.interp(level, [-320, -200, -150], [70.0, 72, 52])
    knots = np.stack([wide * spread * np.cos(angle), -38.0 + 30.0 * spread * np.sin(angle), level], axis=1)
    points = spline(knots, 4)
    width = 11.5 + 2.0 * np.sin(np.arange(len(points)) * 0.37 + rng.uniform(0, 6))
    for first in range(0, len(points) - 1, 8):
        part = slice(first, first + 9)
        content = float(rng.choice([18.0, 28.0, 45.0, -250.0], p=[0.4, 0.35, 0.2, 0.05]))
        _paint_loop(canvas, room, points[part], width[part], "small_bowel", content)


def _paint_loop(
    canvas: Canvas,
    room: Room,
    points: NDArray[np.float64],
    radius: float | NDArray[np.float64],
    label: str,
    content_hu: float,
) -> None:
    area = canvas.tube(points, np.broadcast_to(np.asarray(radius), (len(points),)))
    if area is None:
        return
    free = canvas.has(area.box, "torso_fat", label)
    distance = meet(area.distance, room.lid(area.box, 4.0), 3.0)
    canvas.paint(Area(area.box, distance - 0.8), -95.0, "torso_fat", free)
    canvas.paint(Area(area.box, distance), of_phase("wall", room.patient.contrast_phase), label, free)
    canvas.paint(Area(area.box, distance + 2.6), content_hu, label, free)


def colon_path(room: Room) -> NDArray[np.float64]:
    """Middle line of the colon from the caecum to the sigmoid, patient mm."""
    rng = stream(room.patient.seed, "colon")
    place = room.patient.organ("colon")
    sag = float(rng.uniform(0, 55))
    knots = [(-84, -8, -262), (-90, 6, -225), (-93, 14, -180), (-88, 8, -148), (-62, -50, -142 - 0.3 * sag),
             (-15, -66, -138 - sag), (35, -64, -132 - 0.9 * sag), (78, -36, -104 - 0.2 * sag), (101, 14, -84),
             (101, 26, -130), (99, 20, -180), (94, 10, -225), (84, -4, -262), (56, 6, -292), (20, 20, -288),
             (4, 38, -312), (0, 52, -345)]  # fmt: skip
    noise = rng.normal(0, 3.0, (len(knots), 3))
    return spline(np.asarray(knots, float) + noise + 0.5 * np.asarray(place.shift_mm), 7)


def paint_colon(canvas: Canvas, room: Room) -> None:
    """A pouched frame around the abdomen: wall, faeces mottled with gas, air in front."""
    points = colon_path(room)
    rng = stream(room.patient.seed, "haustra")
    step = np.arange(len(points))
    base = np.interp(step, [0, 20, 55, 80, len(points)], [25.0, 23, 20, 16, 15]) * room.patient.organ("colon").size
    radii = base * (1.0 + 0.13 * np.sin(step * 1.55 + rng.uniform(0, 6)) + 0.07 * np.sin(step * 0.43))
    gas = rng.uniform(0.15, 0.95, 8)
    hu = of_phase("wall", room.patient.contrast_phase)
    for part in range(8):
        piece = slice(part * 14, part * 14 + 15)
        area = canvas.tube(points[piece], radii[piece], 1.0, 5.0)
        if area is None:
            continue
        bumps = wobble(canvas, room, area.box, "haustra", 22, 1.3)
        distance = meet(area.distance + bumps, room.lid(area.box, 3.5), 4.0)
        _fill_colon(canvas, room, Area(area.box, distance), points[piece], float(gas[part]), hu)


def _fill_colon(
    canvas: Canvas, room: Room, area: Area, points: NDArray[np.float64], gas: float, wall_hu: float
) -> None:
    free = canvas.has(area.box, "torso_fat", "colon", "small_bowel")
    deep = canvas.has(area.box, "colon") & (canvas.hu[area.box] < 45.0) & (area.distance > -2.4)
    canvas.paint(area, wall_hu, "colon", free & ~deep)
    inside = Area(area.box, area.distance + 2.4)
    mottled = wobble(canvas, room, area.box, "faeces", 7, 1.0)
    stool: Float = 25.0 + 22.0 * mottled - 330.0 * np.clip(mottled - 0.9, 0.0, 1.2)
    canvas.paint(inside, stool, "colon", free)
    fill = float(points[:, 1].mean()) + 22.0 * (2.0 * gas - 1.25)
    level = canvas.y[area.box] - np.float32(fill) + 2.0 * wobble(canvas, room, area.box, "stool top", 20, 1.0)
    canvas.paint(Area(area.box, meet(inside.distance + 0.3, level, 1.0)), AIR_HU, "colon", free)
