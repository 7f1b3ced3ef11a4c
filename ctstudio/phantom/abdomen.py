"""Liver, gallbladder, spleen, pancreas, adrenal glands and bladder."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ctstudio.phantom.canvas import Area, Box, Canvas
from ctstudio.phantom.patient import Patient, Placement
from ctstudio.phantom.shapes import Float, Point, ellipsoid, join, meet, spline, turned
from ctstudio.phantom.texture import waves
from ctstudio.phantom.tissue import of_phase
from ctstudio.phantom.torso import Torso


@dataclass(frozen=True)
class Room:
    """The abdominal cavity on a canvas: where organs may lie.

    Attributes:
        torso: The frame.
        cavity: Distance to the cavity's wall on the whole canvas, mm.
        under: Distance to the space below the diaphragm on the whole canvas, mm.
    """

    torso: Torso
    cavity: Float
    under: Float

    @property
    def patient(self) -> Patient:
        """Whose cavity it is."""
        return self.torso.patient

    def lid(self, box: Box, gap_mm: float = 3.0) -> Float:
        """Distance to the space inside the wall and below the diaphragm, kept `gap_mm` away from both."""
        result: Float = meet(self.cavity[box] + gap_mm, self.under[box] + gap_mm, 8.0)
        return result


def wobble(canvas: Canvas, room: Room, box: Box, organ: str, wavelength_mm: float, sd_mm: float) -> Float:
    """Irregularity of an organ's surface, mm."""
    return canvas.field(waves(room.patient.seed, organ, wavelength_mm=wavelength_mm, sd=sd_mm, count=20), box)


def moved(centre: Point, place: Placement) -> Point:
    """An organ's middle after its own shift."""
    return tuple(c + s for c, s in zip(centre, place.shift_mm, strict=True))  # type: ignore[return-value]


def paint_liver(canvas: Canvas, room: Room) -> None:
    """A right lobe that fills the space under the dome and tapers to the left lobe; smooth hollow underside."""
    box = canvas.box(np.asarray([-150.0, -110, -215]), np.asarray([100.0, 90, 30]))
    if box is None:
        return
    distance = liver_distance(canvas, room, box)
    patient = room.patient
    hu = of_phase("liver", patient.contrast_phase) - fatty_hu(patient)
    canvas.paint(Area(box, distance), hu, "liver")


def fatty_hu(patient: Patient) -> float:
    """By how many HU fat lowers the liver: more in large patients."""
    return max(0.0, (patient.habitus.fat_mm - 18.0) * 0.9)


def liver_distance(canvas: Canvas, room: Room, box: Box) -> Float:
    """Signed distance to the liver in a box, mm."""
    whole = liver_shape(room, *canvas.points(box)) + wobble(canvas, room, box, "liver", 55, 1.8)
    return meet(whole, room.lid(box), 10.0)


def liver_shape(room: Room, x: Float, y: Float, z: Float) -> Float:
    """Distance to the liver before wall and diaphragm cut it, at any points, mm."""
    place, lobe = room.patient.organ("liver"), room.patient.organ("left_lobe")
    size = place.size
    u, v, w = turned(x, y, z, moved((-72.0, 4.0, -72.0), place), place.turn_deg)
    right = ellipsoid(u, v, w, (0, 0, 0), (82 * size, 92 * size, 88 * size))
    tip = ellipsoid(u, v, w, (-22, 14, -62), (44 * size, 52 * size, 52 * size))
    a, b, c = turned(x, y, z, moved((2.0, -48.0, -42.0), lobe), lobe.turn_deg)
    left = ellipsoid(a, b, c, (0, 0, 0), (76 * lobe.size, 42, 40 * lobe.size)) + 0.1 * np.maximum(a, 0)
    whole = join(join(right, tip, 20.0), left, 26.0)
    hollow = ellipsoid(u, v, w, (80, 26, -50), (84, 62, 76))
    gutter = ellipsoid(u, v, w, (12, 52, -74), (40, 34, 62))
    fissure = ellipsoid(a, b, c, (-26, 6, -38), (8, 34, 30))
    notch = join(join(hollow, gutter, 18.0), fissure, 12.0)
    return meet(whole, -notch, 12.0)


def paint_gallbladder(canvas: Canvas, room: Room) -> None:
    """A pear under the liver with a thin wall."""
    place = room.patient.organ("gallbladder")
    centre = moved((-50.0, -44.0, -112.0), place)
    area = _egg(canvas, room, "gallbladder", centre, (13 * place.size, 15 * place.size, 29 * place.size), place, 0.8)
    if area is not None:
        canvas.paint(area, of_phase("wall", room.patient.contrast_phase), "gallbladder")
        canvas.paint(Area(area.box, area.distance + 1.6), 9.0, "gallbladder")


def paint_spleen(canvas: Canvas, room: Room) -> None:
    """A crescent along the left back wall."""
    place = room.patient.organ("spleen")
    size = place.size
    centre = moved((97.0, 30.0, -66.0), place)
    box = canvas.box(np.asarray(centre) - 85, np.asarray(centre) + 85)
    if box is None:
        return
    u, v, w = turned(*canvas.points(box), centre, place.turn_deg)
    whole = ellipsoid(u, v, w, (0, 0, 0), (43 * size, 52 * size, 62 * size))
    hilum = ellipsoid(u, v, w, (-50, -30, -6), (42, 40, 60))
    whole = meet(whole, -hilum, 9.0) + wobble(canvas, room, box, "spleen", 34, 1.6)
    phase = room.patient.contrast_phase
    hu: float | Float = of_phase("spleen", phase)
    if phase == "arterial":
        hu = hu + wobble(canvas, room, box, "moire", 15, 20.0)
    canvas.paint(Area(box, meet(whole, room.lid(box), 8.0)), hu, "spleen")


def paint_pancreas(canvas: Canvas, room: Room) -> None:
    """Head in the duodenal loop, body over the spine, tail towards the spleen; lobulated."""
    place = room.patient.organ("pancreas")
    front = room.torso.spine(-110)[1]
    knots = [(-30, front - 36, -136), (-28, front - 44, -122), (-8, front - 56, -110), (18, front - 58, -102),
             (46, front - 38, -94), (76, front - 14, -84)]  # fmt: skip
    points = spline(knots, 4) + np.asarray(place.shift_mm)
    radii = np.interp(np.linspace(0, 1, len(points)), [0, 0.2, 0.4, 0.7, 1], [13, 14, 9.0, 9.5, 8]) * place.size
    area = canvas.tube(points, radii, 1.2, 6.0)
    if area is None:
        return
    lobes = wobble(canvas, room, area.box, "pancreas", 11, 1.5)
    hu = of_phase("pancreas", room.patient.contrast_phase) - 0.25 * (room.patient.habitus.age_years - 50)
    distance = meet(area.distance + lobes, room.lid(area.box, 6.0), 3.0)
    canvas.paint(Area(area.box, distance), hu, "pancreas", edge_mm=1.5)


def paint_adrenals(canvas: Canvas, room: Room) -> None:
    """Two thin inverted Y's above the kidneys."""
    hu = of_phase("adrenal", room.patient.contrast_phase)
    for label, side, top in (("adrenal_gland_right", -1.0, -78.0), ("adrenal_gland_left", 1.0, -84.0)):
        y = room.torso.spine(top)[1]
        for lateral in (2.0, 15.0):
            knots = [(side * 32, y - 22, top), (side * (31 + 0.4 * lateral), y - 14, top - 8),
                     (side * (30 + lateral), y - 2, top - 16)]  # fmt: skip
            area = canvas.tube(spline(knots, 3), np.full(7, 2.7), 2.2)
            canvas.paint(area, hu, label)


def paint_bladder(canvas: Canvas, room: Room) -> None:
    """Urine in a wall, low in front."""
    place = room.patient.organ("urinary_bladder")
    centre = moved((0.0, -38.0, -352.0), place)
    size = place.size
    area = _egg(canvas, room, "urinary_bladder", centre, (46 * size, 34 * size, 36 * size), place, 1.5)
    if area is not None:
        phase = room.patient.contrast_phase
        canvas.paint(area, of_phase("wall", phase), "urinary_bladder")
        hu = 4.0 if phase != "delayed" else 4.0 + 240.0 * (canvas.y[area.box] > centre[1] + 8.0)
        canvas.paint(Area(area.box, area.distance + 3.0), hu, "urinary_bladder")


def _egg(
    canvas: Canvas, room: Room, organ: str, centre: Point, radii: Point, place: Placement, rough_mm: float
) -> Area | None:
    reach = max(radii) + 8.0
    box = canvas.box(np.asarray(centre) - reach, np.asarray(centre) + reach)
    if box is None:
        return None
    u, v, w = turned(*canvas.points(box), centre, place.turn_deg)
    return Area(box, ellipsoid(u, v, w, (0, 0, 0), radii) + wobble(canvas, room, box, organ, 30, rough_mm))
