"""Lungs: pleural space, five lobes with fissures, vessels and bronchi."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ctstudio.core.seeds import stream
from ctstudio.phantom.abdomen import Room
from ctstudio.phantom.canvas import Area, Box, Canvas
from ctstudio.phantom.fissures import depth_in_lobe, horizontal, horizontal_wave, oblique, oblique_wave
from ctstudio.phantom.heart import sac_distance
from ctstudio.phantom.shapes import Float, join, meet, ring
from ctstudio.phantom.texture import waves
from ctstudio.phantom.tissue import of_phase
from ctstudio.phantom.torso import Torso
from ctstudio.phantom.trees import branches
from ctstudio.phantom.vessels import aorta_path

LUNG_HU = -862.0
GRAVITY_HU_PER_MM = 0.55
LOBES = {
    "left": ("lung_upper_lobe_left", "lung_lower_lobe_left"),
    "right": ("lung_upper_lobe_right", "lung_lower_lobe_right", "lung_middle_lobe_right"),
}
ALL_LOBES = (*LOBES["left"], *LOBES["right"])
HILUM: dict[str, tuple[float, float, float]] = {"left": (44.0, 16.0, 96.0), "right": (-44.0, 9.0, 90.0)}


class Chest(NamedTuple):
    """The pleural spaces on a canvas.

    Attributes:
        box: Where they lie.
        pleura: Distance to both pleural spaces together, mm.
    """

    box: Box
    pleura: Float


def chest_of(canvas: Canvas, room: Room) -> Chest | None:
    """Where the lungs may be on a canvas; None when it misses them."""
    box = canvas.box(np.asarray([-150.0, -115, -135]), np.asarray([150.0, 115, 212]))
    if box is None:
        return None
    x = canvas.x[box]
    middle = _mediastinum(canvas, room, box)
    pleura = meet(meet(room.cavity[box] + 1.5, -room.under[box], 2.0), -middle, 7.0)
    pleura = np.maximum(pleura, 9.0 - np.abs(x) * 1.2)
    return Chest(box, pleura + canvas.field(waves(room.patient.seed, "pleura", wavelength_mm=50, sd=0.7), box))


def _mediastinum(canvas: Canvas, room: Room, box: Box) -> Float:
    """Distance to what lies between the lungs, mm."""
    x, y, z = canvas.points(box)
    high = np.clip((z - 40.0) / 90.0, 0.0, 1.0)
    wide = 5.0 + (17.0 + 9.0 * high) * np.exp(-(((y - 2.0) / (34.0 + 6 * high)) ** 2))
    slab = (np.abs(x) - wide) * 0.85
    sx, sy = room.torso.spine_at(z)
    spine = ring(x - sx, y - sy - 6.0, np.full_like(x, 23.0), np.full_like(x, 27.0), 2.0)
    whole = join(join(slab, spine, 14.0), sac_distance(room, x, y, z) - 1.0, 10.0)
    points, radii = aorta_path(room)
    area = canvas.tube(points[3:-20:2], radii[3:-20:2] + 2.5, margin_mm=12.0)
    if area is not None:
        whole = _joined(whole, box, area, 9.0)
    return whole


def _joined(whole: Float, box: Box, area: Area, blend_mm: float) -> Float:
    low = [max(a.start, b.start) for a, b in zip(box, area.box, strict=True)]
    high = [min(a.stop, b.stop) for a, b in zip(box, area.box, strict=True)]
    if any(h <= lo for lo, h in zip(low, high, strict=True)):
        return whole
    to = tuple(slice(lo - b.start, h - b.start) for lo, h, b in zip(low, high, box, strict=True))
    by = tuple(slice(lo - b.start, h - b.start) for lo, h, b in zip(low, high, area.box, strict=True))
    whole[to] = join(whole[to], area.distance[by], blend_mm)
    return whole


def paint_lungs(canvas: Canvas, room: Room) -> Chest | None:
    """Air, lobes and fissures above the muscle of the diaphragm."""
    _paint_diaphragm(canvas, room)
    chest = chest_of(canvas, room)
    if chest is None:
        return None
    box = chest.box
    x, y, _ = canvas.points(box)
    cloud = canvas.field(waves(room.patient.seed, "air", wavelength_mm=60, sd=12.0), box)
    airy = -45.0 if room.patient.finding("emphysema") else 0.0
    hu = LUNG_HU + airy + GRAVITY_HU_PER_MM * y + cloud
    left = x > 0
    canvas.paint(Area(box, chest.pleura), hu, LOBES["left"][0], left)
    canvas.paint(Area(box, chest.pleura), hu, LOBES["right"][0], ~left)
    _divide(canvas, room, chest)
    return chest


def paint_airway_tree(canvas: Canvas, room: Room) -> None:
    """Vessels and bronchi of both lungs."""
    for side in ("left", "right"):
        _paint_trees(canvas, room, side)


def _paint_diaphragm(canvas: Canvas, room: Room) -> None:
    """A thin sheet of muscle under the lungs."""
    sheet = np.abs(room.under + 1.0) - 1.6
    sheet = meet(sheet, room.cavity + 0.5, 1.0)
    hu = of_phase("muscle", room.patient.contrast_phase)
    fat = canvas.has(canvas.everything, "torso_fat")
    canvas.paint(Area(canvas.everything, sheet), hu, "skeletal_muscle", fat)


def _divide(canvas: Canvas, room: Room, chest: Chest) -> None:
    """Name the lobes and draw the fissures as thin brighter sheets."""
    box = chest.box
    x, y, z = canvas.points(box)
    label, seed = canvas.label[box], room.patient.seed
    for side in ("left", "right"):
        here = canvas.has(box, LOBES[side][0])
        cut = oblique(x, y, z, canvas.field(oblique_wave(seed, side), box), side)
        np.copyto(label, canvas.values[LOBES[side][1]], where=here & (cut < 0))
        canvas.paint(Area(box, np.abs(cut) - 0.35), -690.0, None, here, edge_mm=1.3)
        if side == "right":
            flat = horizontal(y, z, canvas.field(horizontal_wave(seed), box))
            front = here & (cut > 0)
            np.copyto(label, canvas.values[LOBES["right"][2]], where=front & (flat < 0))
            canvas.paint(Area(box, np.abs(flat) - 0.3), -720.0, None, front, edge_mm=1.3)
    canvas.lobes[box] = np.where(canvas.has(box, *ALL_LOBES), label, 0)


def lobe_points(torso: Torso, side: str, lobe: str, radius_mm: float) -> NDArray[np.float64]:
    """Places in a lobe around which most of a ball of that radius lies within the lobe, (n, 3) patient mm, n > 0."""
    points = lung_points(torso, side, 1024, f"{lobe} lobe", 4.0)
    depth = depth_in_lobe(torso.patient, points, side, lobe)
    own = points[depth > 0.0]
    inner = own[depth[depth > 0.0] > 6.0]
    near = np.linalg.norm(inner[:, None] - own[None], axis=2) < radius_mm
    held = near.sum(axis=1)
    return inner[np.argsort(-held, kind="stable")][: max(1, len(inner) // 3)]


def lung_points(torso: Torso, side: str, count: int, purpose: str, gap_mm: float = 5.0) -> NDArray[np.float64]:
    """Random points inside one lung, (count, 3) patient mm, at least `gap_mm` from the wall."""
    patient = torso.patient
    rng = stream(patient.seed, "lung points", side, purpose)
    sign = 1.0 if side == "left" else -1.0
    room = Room(torso, np.zeros(0, np.float32), np.zeros(0, np.float32))
    kept: list[NDArray[np.float64]] = []
    while sum(map(len, kept)) < count:
        points = rng.uniform([26, -92, -110], [124, 84, 204], (4 * count, 3)) * [sign, 1, 1]
        x, y, z = points.T.astype(np.float32)
        inside = (torso.cavity(x, y, z) < -gap_mm - 2) & (z > torso.dome(x, y) + gap_mm)
        inside &= sac_distance(room, x, y, z) > gap_mm + 3
        inside &= np.hypot(x, y - torso.spine_at(z)[1] - 4) > 26 + gap_mm
        kept.append(points[inside])
    return np.concatenate(kept)[:count]


def _paint_trees(canvas: Canvas, room: Room, side: str) -> None:
    """Arteries and bronchi side by side from the hilum, veins between them."""
    phase = room.patient.contrast_phase
    hilum = np.asarray(HILUM[side])
    leaves = lung_points(room.torso, side, 512, "leaves", 3.0)
    vein_root = np.asarray([hilum[0], 12.0, 62.0])
    blood, vein = of_phase("lung_artery", phase), of_phase("left_heart", phase)
    _paint_vessels(canvas, hilum, leaves[:256], 6.4, blood)
    _paint_vessels(canvas, vein_root, leaves[256:], 5.2, vein)
    beside = leaves[:128] + np.asarray([0.0, 5.0, 2.0])
    for a, b, ra, rb in branches(hilum + np.asarray([0, 4.0, 4.0]), beside, 5.6, 0.74):
        if rb < 0.7:
            continue
        area = canvas.tube(np.stack([a, b]), np.asarray([ra, rb]))
        if area is None:
            continue
        only = canvas.has(area.box, *ALL_LOBES, "bronchi", "lung_vessels", "consolidation")
        wall = Area(area.box, area.distance - 0.35 - 0.12 * ra)
        canvas.paint(wall, 10.0, "bronchi", only & (canvas.hu[area.box] > -940.0))
        canvas.paint(Area(area.box, area.distance + 0.35), -985.0, "bronchi", only)


def _paint_vessels(
    canvas: Canvas, root: NDArray[np.float64], leaves: NDArray[np.float64], radius: float, hu: float
) -> None:
    for a, b, ra, rb in branches(root, leaves, radius, 0.81):
        area = canvas.tube(np.stack([a, b]), np.asarray([ra, rb]))
        if area is not None:
            canvas.paint(area, hu, "lung_vessels", canvas.has(area.box, *ALL_LOBES))


def paint_airway(canvas: Canvas, room: Room) -> None:
    """Trachea from the neck to the carina, and the main bronchi."""
    torso = room.torso
    y = [torso.spine(z)[1] - gap for z, gap in ((260, 38), (220, 40), (170, 43), (124, 44))]
    tube = np.asarray([(0.0, y[0], 260.0), (0, y[1], 220), (0, y[2], 170), (-2, y[3], 124)])
    radii = np.full(4, 9.0)
    canvas.paint(canvas.tube(tube, radii + 1.8), 30.0, "trachea")
    for side, radius in (("left", 6.0), ("right", 7.2)):
        end = np.asarray(HILUM[side]) + np.asarray([0, 4, 4])
        line = np.stack([tube[-1], 0.5 * (tube[-1] + end) + np.asarray([0, 1, 2]), end])
        area = canvas.tube(line, np.full(3, radius))
        if area is not None:
            canvas.paint(Area(area.box, area.distance - 1.4), 25.0, "bronchi")
            canvas.paint(area, -985.0, "bronchi")
    canvas.paint(canvas.tube(tube, radii), -990.0, "trachea")
