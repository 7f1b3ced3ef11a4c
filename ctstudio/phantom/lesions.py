"""Findings as they look on CT."""

from __future__ import annotations

import numpy as np

from ctstudio.phantom.abdomen import Room
from ctstudio.phantom.canvas import Area, Canvas
from ctstudio.phantom.lungs import ALL_LOBES, Chest
from ctstudio.phantom.patient import Patient
from ctstudio.phantom.shapes import Float, ellipsoid, meet
from ctstudio.phantom.spots import Spot, spots_of
from ctstudio.phantom.texture import waves
from ctstudio.phantom.tissue import of_phase

KIDNEYS = ("kidney_left", "kidney_right", "torso_fat")
LUNG = (*ALL_LOBES, "lung_vessels", "bronchi")
EFFUSION_HU = 11.0
_BEYOND_MM = np.float32(99.0)
"""Distance to a finding of a lobe on the other side of its fissure: it ends there."""


def paint_spots(canvas: Canvas, patient: Patient, labels: tuple[str, ...]) -> None:
    """The round findings that have one of the labels."""
    for spot in spots_of(patient):
        if spot.label in labels:
            _paint_spot(canvas, patient, spot)


def _paint_spot(canvas: Canvas, patient: Patient, spot: Spot) -> None:
    reach = 1.9 * spot.radius_mm + 14.0
    box = canvas.box(np.asarray(spot.centre) - reach, np.asarray(spot.centre) + reach)
    if box is None:
        return
    rough = 0.0 if spot.label == "bulla" else 0.09 * spot.radius_mm
    wave = waves(patient.seed, "spot", spot.label, str(spot.centre), wavelength_mm=1.8 * spot.radius_mm, sd=1.0)
    uneven = canvas.field(wave, box)
    x, y, z = canvas.points(box)
    ball = ellipsoid(x, y, z, spot.centre, (spot.radius_mm, 0.92 * spot.radius_mm, 1.05 * spot.radius_mm))
    if spot.lobe:
        lobe = canvas.values[f"lung_{spot.lobe}_lobe_{spot.side}"]
        ball = np.where(canvas.lobes[box] == lobe, ball, _BEYOND_MM)
    _LOOKS[spot.label](canvas, patient, Area(box, ball + rough * uneven), uneven)


def _liver(canvas: Canvas, patient: Patient, area: Area, uneven: Float) -> None:
    hu = of_phase("lesion", patient.contrast_phase)
    canvas.paint(area, hu + 5.0 * uneven, "liver_lesion", canvas.has(area.box, "liver", "liver_lesion"), edge_mm=2.5)


def _kidney(canvas: Canvas, patient: Patient, area: Area, uneven: Float) -> None:
    only = canvas.has(area.box, *KIDNEYS, "kidney_lesion")
    if patient.seed % 2:
        canvas.paint(area, 9.0, "kidney_lesion", only)
    else:
        hu = of_phase("tumour", patient.contrast_phase) + 12.0 * uneven
        canvas.paint(area, hu, "kidney_lesion", only, edge_mm=1.5)


def _nodule(canvas: Canvas, patient: Patient, area: Area, uneven: Float) -> None:
    canvas.paint(area, 38.0, "lung_nodule", canvas.has(area.box, *LUNG, "lung_nodule"), edge_mm=1.4)


def _bulla(canvas: Canvas, patient: Patient, area: Area, uneven: Float) -> None:
    only = canvas.has(area.box, *LUNG, "bulla")
    canvas.paint(Area(area.box, area.distance - 0.8), -720.0, "bulla", only)
    canvas.paint(area, -985.0, "bulla", only)


def _consolidation(canvas: Canvas, patient: Patient, area: Area, uneven: Float) -> None:
    only = canvas.has(area.box, *ALL_LOBES, "consolidation")
    haze = Area(area.box, area.distance - 5.0 + 3.0 * uneven)
    canvas.paint(haze, -420.0, None, only, edge_mm=14.0)
    canvas.paint(area, of_phase("tumour", patient.contrast_phase) - 8.0, "consolidation", only, edge_mm=5.0)


def _node(canvas: Canvas, patient: Patient, area: Area, uneven: Float) -> None:
    only = canvas.has(area.box, "torso_fat", "lymph_node", "body", *LUNG)
    canvas.paint(area, of_phase("node", patient.contrast_phase), "lymph_node", only)


def _tumour(canvas: Canvas, patient: Patient, area: Area, uneven: Float) -> None:
    if patient.region == "head":
        only = canvas.has(area.box, "brain", "brain_ventricle", "fdg_avid_tumor")
        swelling = Area(area.box, area.distance - 9.0 + 4.0 * uneven)
        canvas.paint(swelling, 22.0, None, canvas.has(area.box, "brain"), edge_mm=7.0)
        hu = 46.0 if patient.contrast_phase == "none" else 68.0
    else:
        only = canvas.has(area.box, "torso_fat", "small_bowel", "body", "fdg_avid_tumor", "colon", *LUNG)
        hu = of_phase("tumour", patient.contrast_phase)
    canvas.paint(area, hu + 7.0 * uneven, "fdg_avid_tumor", only, edge_mm=1.6)
    core = np.clip(-area.distance / 12.0 - 0.7, 0.0, 1.0)
    canvas.paint(Area(area.box, area.distance + 8.0), hu - 22.0 * core, "fdg_avid_tumor", only, edge_mm=6.0)


_LOOKS = {
    "liver_lesion": _liver,
    "kidney_lesion": _kidney,
    "lung_nodule": _nodule,
    "bulla": _bulla,
    "consolidation": _consolidation,
    "lymph_node": _node,
    "fdg_avid_tumor": _tumour,
}


def paint_effusion(canvas: Canvas, room: Room, chest: Chest) -> None:
    """Fluid that lies behind and below the lung, a crescent with the lung pressed forward."""
    finding = room.patient.finding("effusion")
    if finding is None:
        return
    box, pleura = chest
    x, y, z = canvas.points(box)
    thick = np.float32(finding.size_mm[0]) * np.clip((175.0 - z) / 150.0, 0.0, 1.0)
    back = y + thick
    floor = 0.3 * thick
    lung = meet(room.torso.cavity(x, back, z), room.torso.dome(x, back) - z + floor, 3.0)
    side = (x > 0) if finding.side == "left" else (x < 0) if finding.side == "right" else np.ones_like(x, bool)
    only = canvas.has(box, *LUNG) & side
    pressed = Area(box, np.maximum(pleura + 0.5, -(lung + 8.0)))
    canvas.paint(pressed, -250.0, None, only, edge_mm=12.0)
    canvas.paint(Area(box, np.maximum(pleura, -lung)), EFFUSION_HU, "pleural_effusion", only, edge_mm=1.5)


def paint_emphysema(canvas: Canvas, room: Room, chest: Chest) -> None:
    """Small holes of air in the upper lungs."""
    if room.patient.finding("emphysema") is None:
        return
    field = canvas.field(waves(room.patient.seed, "holes", wavelength_mm=13, sd=1.0, count=64), chest.box)
    high = np.clip((canvas.z[chest.box] - 20.0) / 120.0, 0.0, 1.0)
    holes = (1.35 - 0.9 * high - field) * 2.0
    canvas.paint(Area(chest.box, holes), -975.0, None, canvas.has(chest.box, *ALL_LOBES), edge_mm=2.0)
