"""Large vessels of the trunk, and the vessels inside the liver."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ctstudio.core.seeds import stream
from ctstudio.phantom.abdomen import Room, fatty_hu, moved
from ctstudio.phantom.canvas import Canvas
from ctstudio.phantom.kidneys import kidney_centre
from ctstudio.phantom.shapes import spline
from ctstudio.phantom.tissue import of_phase
from ctstudio.phantom.trees import branches

Points = NDArray[np.float64]


def aorta_path(room: Room) -> tuple[Points, Points]:
    """Middle line and radii of the aorta from its root over the arch to the bifurcation, patient mm."""
    place = room.patient.organ("aorta")
    torso = room.torso
    wide = place.size * (0.85 + 0.0035 * room.patient.habitus.age_years)
    knots = [(-4.0, -22.0, 72.0), (-14, -26, 94), (-17, -22, 116), (-8, -6, 136), (8, 14, 141)]
    knots += [(21.0, torso.spine(z)[1] - 22.0, z) for z in (126.0, 100.0, 60.0)]
    knots += [(16.0, torso.spine(20)[1] - 25.0, 20.0), (8.0, torso.spine(-30)[1] - 29.0, -30.0)]
    knots += [(6.0, torso.spine(z)[1] - 33.0, z) for z in (-80.0, -130.0, -170.0, -198.0)]
    points = spline(knots, 5) + np.asarray([0.4 * place.shift_mm[0], 0.3 * place.shift_mm[1], 0.0])
    radii = np.interp(np.linspace(0, 1, len(points)), [0, 0.2, 0.4, 0.7, 1.0], [15.5, 15, 12.5, 10.5, 8.5]) * wide
    return points, radii


def paint_abdominal_vessels(canvas: Canvas, room: Room) -> None:
    """Aorta, vena cava, iliac, renal and portal vessels, coeliac trunk and superior mesenteric vessels."""
    phase = room.patient.contrast_phase
    artery, vein, portal = (of_phase(n, phase) for n in ("artery", "vein", "portal"))
    _paint_cava(canvas, room, vein)
    _paint_portal(canvas, room, portal)
    points, _ = aorta_path(room)
    for side in (-1.0, 1.0):
        kidney = np.asarray(kidney_centre(room, side)) - np.asarray([side * 16, 0, 4])
        start = points[-16] + np.asarray([side * 6, 0, 0])
        _thin(canvas, [start, 0.5 * (start + kidney) + np.asarray([0, 3, 3]), kidney], 2.8, artery, "body")
        cava = np.asarray(_cava_point(room, -112.0))
        _thin(canvas, [cava, 0.5 * (cava + kidney) + np.asarray([0, -7, -3]), kidney], 4.4, vein, "body")
    front = room.torso.spine(-100)[1] - 42.0
    _thin(canvas, [(6, front + 4, -84), (4, front - 12, -86), (24, front - 14, -82), (60, 6, -74)], 2.6, artery, "body")
    _thin(canvas, [(4, front - 12, -86), (-16, front - 18, -88), (-38, -8, -84)], 2.3, artery, "body")
    for shift, radius, hu in ((6.0, 3.2, artery), (-8.0, 5.0, portal)):
        knots = [
            (shift, front - 2, -102),
            (shift, front - 20, -124),
            (shift, front - 26, -170),
            (shift - 10, -42, -230),
        ]
        _thin(canvas, knots, radius, hu, "body")
    _mesentery(canvas, room, artery, portal)


def paint_aorta(canvas: Canvas, room: Room) -> None:
    """The aorta with some calcified plaque in the old, and the iliac arteries."""
    phase = room.patient.contrast_phase
    artery = of_phase("artery", phase)
    points, radii = aorta_path(room)
    canvas.paint(canvas.tube(points, radii), of_phase("muscle", phase) - 4.0, "aorta")
    canvas.paint(canvas.tube(points, radii - 1.3), artery, "aorta")
    end = points[-1]
    for label, side in (("iliac_artery_right", -1.0), ("iliac_artery_left", 1.0)):
        knots = [end, _off(end, side * 18, 0, -32), _off(end, side * 40, 4, -80), _off(end, side * 62, -30, -130),
                 _off(end, side * 78, -62, -180)]  # fmt: skip
        _thin(canvas, knots, 5.4, artery, label)
    rng = stream(room.patient.seed, "plaque")
    old = max(0, room.patient.habitus.age_years - 52)
    for _ in range(int(rng.poisson(0.22 * old))):
        at = int(rng.integers(20, len(points)))
        angle = rng.uniform(0, 2 * np.pi)
        spot = points[at] + (radii[at] - 0.6) * np.asarray([np.cos(angle), np.sin(angle), 0.0])
        line = np.stack([spot, spot + np.asarray([0, 0, rng.uniform(1, 6)])])
        canvas.paint(canvas.tube(line, np.full(2, rng.uniform(0.9, 2.0))), float(rng.uniform(350, 800)), "aorta")


def _cava_point(room: Room, z: float) -> tuple[float, float, float]:
    x = float(np.interp(z, [-200, -100, -40, -10], [-15.0, -19.0, -22.0, -24.0]))
    gap = float(np.interp(z, [-200, -100, -40, 0], [30.0, 31.0, 36.0, 42.0]))
    return x, room.torso.spine(z)[1] - gap, z


def _paint_cava(canvas: Canvas, room: Room, hu: float) -> None:
    points = spline([_cava_point(room, z) for z in (-204.0, -160.0, -110.0, -70.0, -40.0, -15.0, 6.0)], 4)
    below = min(hu, 95.0)
    canvas.paint(canvas.tube(points[:11], np.linspace(10.5, 11.5, 11)), below, "inferior_vena_cava")
    canvas.paint(canvas.tube(points[10:], np.full(len(points) - 10, 12.5)), hu, "inferior_vena_cava")
    end = points[0]
    for label, side in (("iliac_vena_right", -1.0), ("iliac_vena_left", 1.0)):
        lean = 13.0 if side > 0 else -4.0
        knots = [
            end,
            _off(end, lean + side * 8, 7, -34),
            _off(end, lean + side * 38, 10, -86),
            _off(end, side * 66, -26, -140),
        ]
        _thin(canvas, knots, 6.4, below, label)


def _paint_portal(canvas: Canvas, room: Room, hu: float) -> None:
    """Splenic vein behind the pancreas, portal vein to the liver's hilum."""
    shift = np.asarray(room.patient.organ("pancreas").shift_mm)
    front = room.torso.spine(-110)[1]
    start = np.asarray([-8.0, front - 46.0, -108.0]) + shift
    hilum = hilum_of(room)
    label = "portal_vein_and_splenic_vein"
    _thin(canvas, [start, 0.5 * (start + hilum) + np.asarray([2, -4, 0]), hilum], 7.0, hu, label)
    tail = np.asarray([70.0, front - 6.0, -80.0]) + shift
    _thin(canvas, [start, (20 + shift[0], front - 46 + shift[1], -100 + shift[2]), tail], 4.2, hu, label)


def hilum_of(room: Room) -> Points:
    """Where the portal vein enters the liver, patient mm."""
    return np.asarray(moved((-42.0, -6.0, -76.0), room.patient.organ("liver")))


def paint_liver_vessels(canvas: Canvas, room: Room) -> None:
    """Portal branches from the hilum and three hepatic veins to the vena cava, inside the liver only."""
    phase = room.patient.contrast_phase
    liver, vein, portal = (of_phase(n, phase) for n in ("liver", "vein", "portal"))
    fatty = fatty_hu(room.patient)
    quiet = phase in ("none", "arterial")
    vein_hu = (liver - 12.0 if quiet else 0.45 * vein + 0.55 * liver + 10.0) - fatty
    portal_hu = (liver - 9.0 if quiet else 0.55 * portal + 0.45 * liver) - fatty
    rng = stream(room.patient.seed, "liver vessels")
    shift = np.asarray(room.patient.organ("liver").shift_mm)
    leaves = rng.uniform([-138, -80, -150], [58, 70, -14], (96, 3)) + shift
    leaves = leaves[(leaves[:, 0] < -10) | (leaves[:, 1] < 0)][:64]
    cava = np.asarray(_cava_point(room, -14.0))
    for root, hu, radius in ((hilum_of(room), portal_hu, 5.2), (cava, vein_hu, 4.8)):
        jitter = rng.normal(0, 9, leaves.shape)
        for a, b, ra, rb in branches(root, leaves + jitter, radius):
            area = canvas.tube(np.stack([a, b]), np.asarray([ra, rb]))
            if area is not None:
                canvas.paint(area, hu, None, canvas.has(area.box, "liver"), edge_mm=1.4)


def _mesentery(canvas: Canvas, room: Room, artery: float, portal: float) -> None:
    """Small vessels fanning out in the fat between the bowel loops."""
    rng = stream(room.patient.seed, "mesentery")
    leaves = rng.uniform([-75, -75, -300], [75, 10, -120], (48, 3))
    for a, b, ra, rb in branches(np.asarray([0.0, -20.0, -135.0]), leaves, 3.2):
        area = canvas.tube(np.stack([a, b]), np.asarray([ra, rb]))
        if area is not None:
            canvas.paint(area, 0.5 * (artery + portal), "body", canvas.has(area.box, "torso_fat"))


def _thin(canvas: Canvas, knots: Sequence[object], radius: float, hu: float, label: str) -> None:
    points = spline(np.asarray(knots, float), 4)
    canvas.paint(canvas.tube(points, np.full(len(points), radius)), hu, label)


def _off(point: Points, x: float, y: float, z: float) -> Points:
    """A point moved by (x, y, z) mm."""
    moved_point: Points = point + np.asarray([x, y, z])
    return moved_point
