"""Brain: folded cortex, white matter, deep nuclei, cerebellum, ventricles and the arteries at its base."""

from __future__ import annotations

import numpy as np

from ctstudio.phantom.canvas import Area, Canvas
from ctstudio.phantom.patient import Patient
from ctstudio.phantom.shapes import Float, ellipsoid, join, meet, spline
from ctstudio.phantom.texture import waves
from ctstudio.phantom.tissue import of_phase

GREY_ABOVE_WHITE_HU = 9.5
FLUID_HU = 6.0
FOLD_MM = 21.0


def white_hu(patient: Patient) -> float:
    """HU of white matter; grey matter lies `GREY_ABOVE_WHITE_HU` above."""
    return of_phase("brain", patient.contrast_phase) - 6.0


def paint_brain(canvas: Canvas, patient: Patient, cavity: Float) -> None:
    """Fluid around the brain, then the brain and all in it."""
    box = canvas.box(np.asarray([-80.0, -95, -100]), np.asarray([80.0, 100, 95]))
    if box is None:
        return
    inside = cavity[box] + 0.4
    canvas.paint(Area(box, inside), FLUID_HU, "brain_ventricle")
    shrunk = 1.1 + 0.028 * max(0, patient.habitus.age_years - 45)
    _paint_cerebrum(canvas, patient, Area(box, inside + shrunk), shrunk)
    _paint_hindbrain(canvas, patient, Area(box, inside + shrunk))
    _paint_nuclei(canvas, patient)
    paint_ventricles(canvas, patient)
    _paint_falx(canvas, Area(box, inside))
    _paint_arteries(canvas, patient)


def _paint_cerebrum(canvas: Canvas, patient: Patient, area: Area, shrunk: float) -> None:
    box, surface = area
    x, y, z = canvas.points(box)
    folds = canvas.field(waves(patient.seed, "gyri", wavelength_mm=FOLD_MM, sd=1.0, count=64), box)
    away = np.abs(folds) * (FOLD_MM / 6.0)
    deep = np.clip((-surface - 8.0) / 10.0, 0.0, 1.0)
    sulcus = away - 0.55 - 0.2 * shrunk + 9.0 * deep
    sylvian = ellipsoid(np.abs(x), y, z + 0.6 * (y + 8.0) + 3.0 * folds, (48, -8, -2), (13, 24, 1.4 + 0.3 * shrunk))
    cleft = np.abs(x) - 0.7 - 0.2 * shrunk + 9.0 * np.clip((24.0 - z) / 10.0 - np.abs(y) / 90.0, 0.0, 1.0)
    fluid = np.minimum(np.minimum(sulcus, sylvian), cleft)
    fluid = np.minimum(fluid, ellipsoid(x, y, z, (0, -6, -22), (15, 15, 7)))
    fossa = np.maximum(z + 16.0 - 0.12 * np.abs(x) - 0.15 * np.maximum(y - 20.0, 0.0), 14.0 - y)
    whole = meet(meet(surface, -fluid, 1.0), -fossa, 3.0)
    grey = np.clip((3.8 + 1.2 * np.clip(folds, -1, 1) - np.minimum(-surface, fluid)) / 1.4, 0.0, 1.0)
    hu = white_hu(patient) + GREY_ABOVE_WHITE_HU * grey
    canvas.paint(Area(box, whole), hu, "brain")


def _paint_hindbrain(canvas: Canvas, patient: Patient, area: Area) -> None:
    """Cerebellum with fine leaves, and the brain stem."""
    box, surface = area
    x, y, z = canvas.points(box)
    halves = ellipsoid(np.abs(x), y, z, (22, 42, -38), (30, 33, 24))
    leaves = canvas.field(waves(patient.seed, "folia", wavelength_mm=7.5, sd=1.0, count=48), box)
    halves = meet(halves + 0.5 * np.maximum(leaves, 0.0), surface + 0.5, 2.0)
    hu = white_hu(patient) + GREY_ABOVE_WHITE_HU * np.clip(0.75 + 0.3 * leaves, 0.2, 1.0)
    canvas.paint(Area(box, halves), hu, "brain")
    stem = canvas.tube(
        spline([(0, 6, -4), (0, 8, -24), (0, 10, -40), (0, 18, -58), (0, 24, -72)], 3),
        np.asarray([15.0, 14, 13.5, 13, 14, 14.5, 14, 13, 10.5, 9, 8, 7, 6.5]),
    )
    canvas.paint(stem, white_hu(patient) + 3.5, "brain")


def _paint_nuclei(canvas: Canvas, patient: Patient) -> None:
    """Thalamus, head of the caudate and lentiform nucleus, brighter than white matter."""
    place = patient.organ("brain").shift_mm
    box = canvas.box(np.asarray([-45.0, -40, -20]), np.asarray([45.0, 40, 40]))
    if box is None:
        return
    x, y, z = canvas.points(box)
    side = np.abs(x)
    thalamus = ellipsoid(side, y, z, (11, 10 + place[1], 6), (9, 15, 10))
    caudate = ellipsoid(side, y, z, (14, -20 + place[1], 12), (6, 11, 10))
    lens = ellipsoid(side - 0.2 * (y + 4), y, z, (25, -4 + place[1], 5), (6, 17, 10))
    nuclei = join(join(thalamus, caudate, 1.0), lens, 1.0)
    canvas.paint(Area(box, nuclei), white_hu(patient) + 8.5, "brain", canvas.has(box, "brain"), edge_mm=2.0)


def paint_ventricles(canvas: Canvas, patient: Patient) -> None:
    """Lateral, third and fourth ventricles; wider in the old."""
    place = patient.organ("ventricles")
    wide = place.size * (0.82 + 0.0085 * max(0, patient.habitus.age_years - 35))
    shift = np.asarray(place.shift_mm)
    for side in (-1.0, 1.0):
        main = [(7, -36, 10), (9, -22, 18), (11, 0, 24), (18, 22, 22), (25, 38, 12), (26, 58, 8)]
        horn = [(25, 36, 12), (31, 24, -6), (33, 4, -15)]
        for knots, thick in ((main, (4.0, 6.4, 5.6, 6.2, 7.4, 2.0)), (horn, (5.0, 3.4, 2.2))):
            points = spline([(side * a, b, c) for a, b, c in knots], 4) + shift
            steps = np.linspace(0, 1, len(points))
            radii = np.interp(steps, np.linspace(0, 1, len(thick)), thick) * wide
            canvas.paint(canvas.tube(points, radii), FLUID_HU, "brain_ventricle")
            if knots is main:
                plexus = spline([(side * 22, 32, 16), (side * 25, 40, 12)], 3) + shift
                calcified = 45.0 + 3.0 * max(0, patient.habitus.age_years - 40)
                canvas.paint(canvas.tube(plexus, np.full(len(plexus), 2.2)), calcified, "brain_ventricle")
    box = canvas.box(np.asarray([-20.0, -25, -50]), np.asarray([20.0, 50, 25]))
    if box is not None:
        x, y, z = canvas.points(box)
        third = ellipsoid(x, y, z, (0, 4, 4), (1.9 * wide, 14, 9))
        fourth = ellipsoid(x, y, z, (0, 30, -36), (7.5, 5, 10))
        aqueduct = ellipsoid(x, y - 0.4 * z, z, (0, 26, -18), (1.6, 1.8, 10))
        canvas.paint(Area(box, join(join(third, fourth, 1.0), aqueduct, 1.0)), FLUID_HU, "brain_ventricle")


def _paint_falx(canvas: Canvas, area: Area) -> None:
    """The falx between the hemispheres, and the venous sinus behind it."""
    box, inside = area
    x, y, z = canvas.points(box)
    gap = np.maximum(inside + 0.5, 30.0 - np.abs(y) * 0.55 - z)
    falx = np.maximum(np.abs(x) - 0.6, np.maximum(gap, -(inside + 24.0) - 14.0))
    canvas.paint(Area(box, falx), 62.0, "brain_ventricle", canvas.has(box, "brain_ventricle", "brain"))


def _paint_arteries(canvas: Canvas, patient: Patient) -> None:
    """The circle of Willis and its branches."""
    hu = of_phase("artery", patient.contrast_phase)
    lines: list[tuple[list[tuple[float, ...]], float]] = [([(0, 0, -52), (0, -4, -34), (0, -5, -23)], 1.9)]
    for side in (-1.0, 1.0):
        lines.append(([(side * 12, -14, -34), (side * 11, -14, -22), (side * 20, -14, -17), (side * 40, -10, -8),
                       (side * 50, 6, 4)], 1.7))  # fmt: skip
        lines.append(([(side * 11, -14, -22), (side * 3, -24, -14), (side * 1.5, -38, 4), (side * 1.5, -30, 30)], 1.3))
        lines.append(([(0, -5, -23), (side * 12, 4, -20), (side * 18, 22, -14), (side * 12, 46, 0)], 1.3))
    for knots, radius in lines:
        points = spline(knots, 4)
        area = canvas.tube(points, np.full(len(points), radius))
        if area is not None:
            canvas.paint(area, hu, None, canvas.has(area.box, "brain", "brain_ventricle"))
