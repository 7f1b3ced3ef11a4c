"""The spine, and the muscles that lie along it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ctstudio.phantom.canvas import Area, Canvas
from ctstudio.phantom.shapes import Float, Point, join, meet, spline
from ctstudio.phantom.texture import Waves, waves
from ctstudio.phantom.tissue import of_phase
from ctstudio.phantom.torso import Torso

VERTEBRAE: dict[str, tuple[float, float]] = {
    "C4": (273, 14), "C5": (257, 14), "C6": (241, 14), "C7": (224, 15), "T1": (206, 17), "T2": (187, 18),
    "T3": (167, 19), "T4": (147, 20), "T5": (126, 20), "T6": (104, 21), "T7": (81, 22), "T8": (58, 22), "T9": (33, 23),
    "T10": (8, 24), "T11": (-19, 25), "T12": (-48, 26), "L1": (-80, 27), "L2": (-114, 28), "L3": (-149, 28),
    "L4": (-185, 28), "L5": (-221, 28), "S1": (-256, 28),
}  # fmt: skip
"""Middle (patient z) and height of each vertebral body, mm."""
CORTEX_HU, SPONGY_HU = 720.0, 190.0


@dataclass(frozen=True)
class Vertebra:
    """Form of one vertebra: height of its body (mm), size factor, way from body to canal (mm), spongy bone (HU)."""

    height: float
    size: float
    canal_mm: float
    spongy_hu: float


def spongy_hu(torso: Torso) -> float:
    """Density of spongy bone, which falls with age."""
    return SPONGY_HU + 110.0 - 1.7 * (torso.patient.habitus.age_years - 20)


def paint_spine(canvas: Canvas, torso: Torso) -> None:
    """Discs, vertebrae, spinal canal, sacrum and the muscles of the back."""
    _paint_back_muscles(canvas, torso)
    heights = np.arange(-256.0, 290.0, 12.0)
    middle = np.asarray([(*torso.spine(z), z) for z in heights])
    canvas.paint(canvas.tube(middle, np.interp(heights, [-256, 0, 290], [21.0, 15.0, 9.0])), 82.0, "body")
    uneven = waves(torso.patient.seed, "bone", wavelength_mm=26, sd=0.6)
    for name, (z, height) in VERTEBRAE.items():
        _paint_vertebra(canvas, torso, name, z, height, uneven)
    _paint_sacrum(canvas, torso)
    canal = middle + np.asarray([0.0, 1.0, 0.0]) * _canal_y(heights)[:, None]
    canvas.paint(canvas.tube(canal, np.full(len(canal), 8.2)), 6.0, "spinal_cord")
    canvas.paint(canvas.tube(canal, np.where(heights > -90, 4.6, 3.2)), 36.0, "spinal_cord")


def _canal_y(z: np.ndarray) -> np.ndarray:
    """How far the canal's middle lies behind the middle of the bodies, mm."""
    way: np.ndarray = np.asarray(np.interp(z, [-256, -150, 0, 200, 290], [27.0, 28.0, 23.5, 19.0, 17.0]))
    return way


def _paint_vertebra(canvas: Canvas, torso: Torso, name: str, z: float, height: float, uneven: Waves) -> None:
    x0, y0 = torso.spine(z)
    size = float(np.interp(z, [-256, -150, 0, 200, 290], [1.25, 1.22, 0.98, 0.74, 0.62]))
    canal = float(_canal_y(np.asarray(z)))
    paint_vertebra(canvas, name, (x0, y0, z), Vertebra(height, size, canal, spongy_hu(torso)), uneven)


def paint_vertebra(canvas: Canvas, name: str, centre: Point, form: Vertebra, uneven: Waves) -> None:
    """One vertebra with body, arch, spinous and transverse processes, around the middle of its body."""
    middle = np.asarray(centre)
    box = canvas.box(middle - np.asarray([46, 26, 34]), middle + np.asarray([46, 70, 28]))
    if box is None:
        return
    x, y, z = canvas.points(box)
    u, v, w = x - np.float32(centre[0]), y - np.float32(centre[1]), z - np.float32(centre[2])
    size, canal = form.size, form.canal_mm
    shape = join(_vertebral_body(u, v, w, size, form.height), _arch(u, v, w, size, canal, form.height), 3.0)
    shape = join(shape, _processes(u, v, w, size, canal, name), 4.0) + canvas.field(uneven, box)
    depth = np.clip((-shape - 1.1) / 1.6, 0.0, 1.0)
    hu = CORTEX_HU + depth * (form.spongy_hu - CORTEX_HU)
    canvas.paint(Area(box, shape), hu, f"vertebrae_{name}")


def _vertebral_body(u: Float, v: Float, w: Float, size: float, height: float) -> Float:
    half = 0.5 * height
    waist = 1.0 - 0.1 * (1.0 - np.minimum((w / half) ** 2, 1.0))
    flat = np.where(v > 0, v * 1.16, v)
    radius = np.sqrt((u / 1.32) ** 2 + flat * flat)
    side = (radius - 15.5 * size * waist) * 1.1
    return meet(side, np.abs(w) - half - 0.02 * radius, 4.0)


def _arch(u: Float, v: Float, w: Float, size: float, canal: float, height: float) -> Float:
    radius = np.sqrt(u * u + (v - canal) ** 2)
    tall = np.abs(w + 2.0) - 0.36 * height
    return meet(np.abs(radius - 11.0) - 2.8 * size, tall, 3.0)


def _processes(u: Float, v: Float, w: Float, size: float, canal: float, name: str) -> Float:
    """Spinous process back and down, transverse processes to the sides."""
    lumbar = name[0] in "LS"
    drop = 0.25 if lumbar else 0.75
    back: Float = v - canal - 9.0
    reach = 22.0 * (0.6 + 0.4 * size)
    spinous: Float = meet(
        np.abs(u) - 2.6 * size - 0.05 * back, np.abs(w + 4.0 + drop * back) - (8.5 if lumbar else 6.0), 3.0
    )
    spinous = meet(spinous, np.abs(back - 0.5 * reach) - 0.5 * reach, 3.0)
    width = (39.0 if lumbar else 31.0) * (0.55 + 0.45 * size)
    sideways = np.abs(u)
    bow = canal - 3.0 + (0.08 if lumbar else 0.32) * np.maximum(sideways - 9.0, 0.0)
    wing: Float = np.sqrt((v - bow) ** 2 + ((w - 2.0) / 1.5) ** 2) - (4.2 if lumbar else 4.8)
    wing = meet(wing, np.abs(sideways - 0.5 * (9.0 + width)) - 0.5 * (width - 9.0), 3.0)
    pedicle: Float = np.sqrt(((sideways - 12.5) / 0.8) ** 2 + ((w - 3.0) / 1.3) ** 2) - 4.6 * size
    pedicle = meet(pedicle, np.abs(v - 0.5 * canal - 3.0) - 0.5 * canal - 2.0, 3.0)
    return join(join(spinous, wing, 4.0), pedicle, 4.0)


def _paint_sacrum(canvas: Canvas, torso: Torso) -> None:
    """A wedge that narrows to the coccyx, swept from side to side as one tube."""
    heights = np.linspace(-266.0, -376.0, 12)
    spread = np.interp(heights, [-376, -350, -310, -266], [0.0, 6.0, 27.0, 36.0])
    radii = np.interp(heights, [-376, -350, -310, -266], [5.0, 7.0, 12.0, 15.0])
    points, thick = [], []
    for z, wide, radius in zip(heights, spread, radii, strict=True):
        x, y = torso.spine(z)
        for side in (-1.0, 0.0, 1.0):
            points.append((x + side * wide, y + 4.0 + 0.16 * abs(side) * wide, z))
            thick.append(radius)
    area = canvas.tube(np.asarray(points), np.asarray(thick))
    if area is not None:
        depth = np.clip((-area.distance - 1.2) / 1.6, 0.0, 1.0)
        only = ~canvas.has(area.box, "vertebrae_S1", "vertebrae_L5")
        canvas.paint(area, CORTEX_HU + depth * (spongy_hu(torso) - CORTEX_HU), "sacrum", only)


def _paint_back_muscles(canvas: Canvas, torso: Torso) -> None:
    """The autochthonous muscles beside the spinous processes and the iliopsoas beside the lumbar spine."""
    hu = of_phase("muscle", torso.patient.contrast_phase)
    strong = 0.8 + 0.2 * torso.patient.habitus.muscle
    heights = np.arange(-300.0, 200.0, 20.0)
    edge = waves(torso.patient.seed, "back muscle", wavelength_mm=30, sd=1.0)
    for name, side in (("right", -1.0), ("left", 1.0)):
        gap = np.interp(heights, [-300, -200, 0, 200], [26.0, 27.0, 24.0, 18.0])
        points = np.stack([side * gap, [torso.spine(z)[1] + 43.0 for z in heights], heights], axis=1)
        points[:, 1] -= np.interp(heights, [-300, -200, 0, 200], [4.0, 0.0, 1.0, 8.0])
        radii = np.interp(heights, [-300, -220, -120, 0, 100, 200], [15.0, 24, 23, 19, 15, 12]) * strong
        area = canvas.tube(points, radii)
        if area is not None:
            area = Area(area.box, area.distance + canvas.field(edge, area.box))
            ring = Area(area.box, np.abs(area.distance + 0.3) - 1.1)
            canvas.paint(ring, -70.0, "torso_fat", canvas.has(area.box, "skeletal_muscle"), edge_mm=2.0)
            only = canvas.has(area.box, "skeletal_muscle", "torso_fat")
            canvas.paint(Area(area.box, area.distance + 1.2), hu, f"autochthon_{name}", only)
        _paint_psoas(canvas, torso, f"iliopsoas_{name}", side, hu, strong)


def _paint_psoas(canvas: Canvas, torso: Torso, label: str, side: float, hu: float, strong: float) -> None:
    knots = [(22, 4, -70), (30, 2, -110), (38, 0, -160), (44, -4, -210), (56, -18, -260), (72, -40, -310),
             (82, -64, -360), (86, -60, -410)]  # fmt: skip
    points = spline([(side * x, torso.spine(-200)[1] + 4.0 + y, z) for x, y, z in knots], 3)
    radii = np.interp(points[:, 2], [-410, -360, -300, -210, -150, -70], [10.0, 15, 20, 21, 16, 5]) * strong
    canvas.paint(canvas.tube(points, radii), hu, label)
    wall = spline([(side * x, torso.spine(z)[1] + y, z) for x, y, z in ((42, 22, -75), (56, 22, -130), (72, 24, -195))])
    canvas.paint(canvas.tube(wall, np.full(len(wall), 10.0 * strong)), hu, "skeletal_muscle")
