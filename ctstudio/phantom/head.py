"""The head: scalp, skull, face, jaw, air spaces, eyes and neck.

Patient coordinates, mm: (0, 0, 0) lies in the middle of the brain; the chin is near z = -110.
"""

from __future__ import annotations

import numpy as np

from ctstudio.phantom.canvas import Area, Canvas
from ctstudio.phantom.patient import Patient
from ctstudio.phantom.shapes import Float, Point, ellipsoid, join, meet, spline
from ctstudio.phantom.skeleton import Vertebra, paint_vertebra
from ctstudio.phantom.texture import waves
from ctstudio.phantom.tissue import of_phase

CORTICAL_HU, DIPLOE_HU = 1150.0, 420.0
NECK: tuple[tuple[str, float, float], ...] = (
    ("C1", -82, 11), ("C2", -97, 17), ("C3", -117, 14), ("C4", -134, 14), ("C5", -151, 14), ("C6", -168, 14),
)  # fmt: skip


def cranial_cavity(x: Float, y: Float, z: Float) -> Float:
    """Distance to the space inside the skull: vault, three fossae of the base."""
    vault = ellipsoid(x, y, z, (0, 4, 12), (66, 84, 70))
    floor = np.interp(y, [-80, -45, -20, 5, 20, 40], [-14.0, -16, -34, -36, -28, -20]).astype(np.float32)
    vault = meet(vault, (floor - z) * 0.9, 12.0)
    behind = ellipsoid(x, y, z, (0, 40, -34), (51, 42, 38))
    clivus = ellipsoid(x, y, z, (0, 14, -52), (17, 14, 34))
    return join(join(vault, behind, 8.0), clivus, 6.0)


def paint_head(canvas: Canvas, patient: Patient) -> Float:
    """Everything but the brain; gives the distance to the cranial cavity."""
    x, y, z = canvas.x, canvas.y, canvas.z
    everything = canvas.everything
    rough = canvas.field(waves(patient.seed, "head", wavelength_mm=80, sd=1.2), everything)
    cavity = cranial_cavity(x, y, z) + rough
    fat = 2.0 + 0.16 * patient.habitus.fat_mm
    face = _face(x, y, z) + rough
    outer = join(cavity - 12.5 - 0.5 * fat, face - 0.6 * fat, 14.0)
    canvas.paint(Area(everything, outer), 20.0, "skin")
    canvas.paint(Area(everything, outer + 2.0), -100.0, "subcutaneous_fat")
    muscle = _muscle(x, y, z, outer, fat) + 0.8 * rough
    canvas.paint(Area(everything, muscle), of_phase("muscle", patient.contrast_phase), "skeletal_muscle")
    _muscle_planes(canvas, patient, muscle)
    _paint_face_bones(canvas, patient, face)
    _paint_skull(canvas, patient, cavity)
    _paint_spaces(canvas, patient)
    _paint_eyes(canvas)
    _paint_neck(canvas, patient)
    return cavity


def _face(x: Float, y: Float, z: Float) -> Float:
    cheeks = ellipsoid(x, y, z, (0, -38, -52), (60, 50, 56))
    chin = ellipsoid(x, y, z, (0, -56, -92), (36, 36, 30))
    nose = ellipsoid(x, y + 0.25 * z, z, (0, -108, -48), (11, 17, 21))
    bent = y - 18.0 + 0.06 * (z + 100.0)
    neck = np.sqrt(x * x + (bent * 1.02) ** 2) - (55.0 + 0.0022 * (z + 120.0) ** 2)
    neck = meet(neck.astype(np.float32), z + 50.0, 30.0)
    ears = ellipsoid(np.abs(x), y, z, (74, 14, -30), (6, 14, 24))
    return join(join(join(join(cheeks, chin, 16.0), neck, 18.0), nose, 8.0), ears, 5.0)


def _muscle(x: Float, y: Float, z: Float, outer: Float, fat: float) -> Float:
    """Neck and chewing muscles inside the fat, none over the vault."""
    inside = outer + 3.0 + fat + 4.0 * np.exp(-(((z + 55.0) / 30.0) ** 2)) * (y < -30)
    low = (z + 8.0 - 0.25 * y) * 0.7
    temporal = ellipsoid(np.abs(x), y, z, (70, -18, -2), (9, 32, 38))
    return meet(inside, join(low, temporal, 10.0), 6.0)


def _muscle_planes(canvas: Canvas, patient: Patient, muscle: Float) -> None:
    wave = canvas.field(waves(patient.seed, "neck planes", wavelength_mm=42, sd=1.0, count=32), canvas.everything)
    plane = np.abs(wave) * 5.0 - 0.7
    plane = np.where(muscle < -5.0, plane, 9.0).astype(np.float32)
    canvas.paint(Area(canvas.everything, plane), -85.0, "torso_fat", edge_mm=2.0)


def _paint_skull(canvas: Canvas, patient: Patient, cavity: Float) -> None:
    """A shell around the cavity: two tables with diploe between, thicker behind and at the base."""
    uneven = canvas.field(waves(patient.seed, "skull", wavelength_mm=36, sd=0.8), canvas.everything)
    low = np.clip(-(canvas.z + 10.0) / 30.0, 0.0, 1.0)
    thick = 6.2 + uneven + 3.0 * low + 0.012 * np.maximum(canvas.y, 0)
    middle = np.abs(cavity - 0.5 * thick)
    shell = middle - 0.5 * thick
    depth = np.clip((-shell - 1.5) / 1.2, 0.0, 1.0)
    canvas.paint(Area(canvas.everything, shell), CORTICAL_HU + depth * (DIPLOE_HU - CORTICAL_HU), "skull")


def _shell(canvas: Canvas, centre: Point, radii: Point, wall_mm: float, filling: tuple[float, str | None]) -> None:
    """A bony wall of an egg-shaped space, on both sides of the face, and what fills it."""
    reach = np.asarray(radii) + 6.0
    middle = np.asarray(centre)
    wide = np.asarray([middle[0] + reach[0], reach[1], reach[2]])
    origin = np.asarray([0.0, middle[1], middle[2]])
    box = canvas.box(origin - wide, origin + wide)
    if box is None:
        return
    x, y, z = canvas.points(box)
    egg = ellipsoid(np.abs(x) if centre[0] else x, y, z, centre, radii)
    face = canvas.label[box] > 0
    canvas.paint(Area(box, egg - wall_mm), 620.0, "skull", face)
    canvas.paint(Area(box, egg), filling[0], filling[1], face)


def _paint_face_bones(canvas: Canvas, patient: Patient, face: Float) -> None:
    """Upper jaw, cheekbones, lower jaw and teeth."""
    box = canvas.box(np.asarray([-60.0, -100, -85]), np.asarray([60.0, -20, -20]))
    if box is not None:
        x, y, z = canvas.points(box)
        jaw = ellipsoid(x, y, z, (0, -56, -52), (36, 27, 30))
        jaw = meet(jaw, face[box] + 9.0, 4.0)
        depth = np.clip((-jaw - 1.5) / 1.5, 0.0, 1.0)
        canvas.paint(Area(box, jaw), 700.0 - 330.0 * depth, "skull")
    for side in (-1.0, 1.0):
        ramus = [(52, -8, -48), (51, -14, -72), (46, -28, -88), (34, -58, -98), (16, -76, -102), (0, -80, -102)]
        points = spline([(side * a, b, c) for a, b, c in ramus], 4)
        area = canvas.tube(points, np.full(len(points), 6.0), 1.5)
        if area is not None:
            depth = np.clip((-area.distance - 1.8) / 1.4, 0.0, 1.0)
            canvas.paint(area, 1050.0 - 700.0 * depth, "skull")
        arch = spline(
            [(side * a, b, c) for a, b, c in ((44, -62, -40), (60, -44, -40), (68, -18, -38), (66, 0, -38))], 4
        )
        canvas.paint(canvas.tube(arch, np.full(len(arch), 3.2), 1.6), 800.0, "skull")
    for level in (-72.0, -88.0):
        for angle in np.linspace(-72, 72, 14):
            a = np.deg2rad(angle)
            spot = np.asarray([28.0 * np.sin(a), -44.0 - 32.0 * np.cos(a), level])
            tooth = np.stack([spot - np.asarray([0, 0, 4]), spot + np.asarray([0, 0, 4])])
            canvas.paint(canvas.tube(tooth, np.full(2, 3.0)), 1700.0, "skull")


def _paint_spaces(canvas: Canvas, patient: Patient) -> None:
    """Air: paranasal sinuses, nose, throat, mastoid cells and ear canals."""
    air: tuple[float, str | None] = (-980.0, "body")
    _shell(canvas, (27, -56, -50), (13, 15, 16), 1.6, air)
    _shell(canvas, (10, -80, 3), (11, 5, 10), 1.8, air)
    _shell(canvas, (0, -22, -36), (12, 10, 9), 1.8, air)
    _shell(canvas, (0, -58, -48), (13, 30, 20), 1.4, (45.0, "body"))
    box = canvas.box(np.asarray([-80.0, -100, -80]), np.asarray([80.0, 60, -15]))
    if box is not None:
        x, y, z = canvas.points(box)
        nose = ellipsoid(x, y, z, (0, -58, -48), (12, 30, 19))
        folds = 3.0 * canvas.field(waves(patient.seed, "nose", wavelength_mm=14, sd=1.0), box)
        canvas.paint(Area(box, np.maximum(meet(nose, folds, 2.0), 1.0 - np.abs(x))), -960.0, "body", edge_mm=1.4)
        mastoid = ellipsoid(np.abs(x), y, z, (55, 24, -44), (10, 14, 17))
        canvas.paint(Area(box, mastoid - 2.0), 650.0, "skull")
        cells = 2.2 * canvas.field(waves(patient.seed, "mastoid", wavelength_mm=6, sd=1.0), box)
        canvas.paint(Area(box, meet(mastoid, cells, 1.0)), -800.0, "skull", edge_mm=2.0)
        canal = np.hypot(y - 8.0, z + 32.0) - 3.2
        canal = np.maximum(canal, 42.0 - np.abs(x))
        canvas.paint(Area(box, canal.astype(np.float32)), -950.0, "body", canvas.label[box] > 0)
    throat = spline([(0, -26, -58), (0, -22, -80), (0, -26, -105), (0, -28, -130), (0, -22, -165), (0, -20, -200)], 4)
    radii = np.interp(throat[:, 2], [-200, -160, -110, -58], [9.0, 9, 8, 10])
    canvas.paint(canvas.tube(throat, radii + 2.0), 40.0, "body")
    canvas.paint(canvas.tube(throat, radii), -985.0, "trachea")


def _paint_eyes(canvas: Canvas) -> None:
    """Orbits with fat, globes, lenses and optic nerves."""
    _shell(canvas, (31, -58, -21), (17, 21, 16), 2.0, (-90.0, "torso_fat"))
    for side in (-1.0, 1.0):
        globe = np.asarray([side * 32.0, -68.0, -21.0])
        box = canvas.box(globe - 16, globe + 16)
        if box is not None:
            x, y, z = canvas.points(box)
            ball = ellipsoid(x, y, z, (float(globe[0]), -68.0, -21.0), (12.2, 12.2, 12.2))
            canvas.paint(Area(box, ball), 42.0, "body")
            canvas.paint(Area(box, ball + 1.6), 12.0, "body")
            lens = ellipsoid(x, y, z, (float(globe[0]), -76.5, -21.0), (4.6, 2.4, 4.6))
            canvas.paint(Area(box, lens), 80.0, "body")
        nerve = spline([tuple(globe + np.asarray([0, 12, 0])), (side * 20, -38, -20), (side * 10, -24, -19)], 3)
        canvas.paint(canvas.tube(nerve, np.full(len(nerve), 2.2)), 38.0, "body")
        for lift in (-11.0, 11.0):
            muscle = np.asarray([[side * 33, -64, -21 + lift], [side * 18, -36, -20 + 0.25 * lift]], float)
            canvas.paint(canvas.tube(muscle, np.full(2, 2.2)), 45.0, "body")


def _paint_neck(canvas: Canvas, patient: Patient) -> None:
    """Cervical spine with its canal, and the vessels of the neck."""
    uneven = waves(patient.seed, "bone", wavelength_mm=22, sd=0.5)
    axis = np.asarray([(0.0, 15.0 + 0.03 * (z + 110.0), z) for z in (-78.0, -100.0, -125.0, -150.0, -200.0)])
    canvas.paint(canvas.tube(axis, np.full(5, 8.5)), 80.0, "body")
    for name, z, height in NECK:
        middle = (0.0, 15.0 + 0.03 * (z + 110.0), float(z))
        spongy = 330.0 - 1.2 * (patient.habitus.age_years - 20)
        paint_vertebra(canvas, name, middle, Vertebra(height, 0.66, 17.0, spongy), uneven)
    canal = axis + np.asarray([0.0, 18.0, 0.0])
    top = np.concatenate([[[0.0, 24.0, -62.0]], canal])
    canvas.paint(canvas.tube(top, np.full(6, 7.6)), 6.0, "spinal_cord")
    canvas.paint(canvas.tube(top, np.full(6, 4.6)), 36.0, "spinal_cord")
    artery, vein = of_phase("artery", patient.contrast_phase), of_phase("vein", patient.contrast_phase)
    for side, label in ((-1.0, "common_carotid_artery_right"), (1.0, "common_carotid_artery_left")):
        for x, y, radius, hu, name in ((25, -4, 3.4, artery, label), (33, 6, 5.4, vein, "body")):
            line = np.asarray([[side * x, y, -62.0], [side * x, y - 4, -120], [side * (x - 3), y - 6, -200]])
            canvas.paint(canvas.tube(line, np.full(3, radius)), hu, name)
