"""Where a patient's findings lie: middle and radius of each, from the anatomy they sit in."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ctstudio.core.seeds import stream
from ctstudio.phantom.abdomen import Room, liver_shape
from ctstudio.phantom.findings import Finding
from ctstudio.phantom.kidneys import kidney_centre
from ctstudio.phantom.lungs import HILUM, lobe_points, lung_points
from ctstudio.phantom.patient import Patient, body_of
from ctstudio.phantom.torso import Torso, torso_of

Points = NDArray[np.float64]


@dataclass(frozen=True)
class Spot:
    """One item of a finding.

    Attributes:
        finding: Key of `FINDINGS`.
        label: Label it has in the map.
        centre: Middle in patient coordinates, mm.
        radius_mm: Radius.
        side: "left", "right" or "".
        place: The organ it lies in, as the report says it.
        suv: FDG uptake, 0 where it is that of its label.
        lobe: Lobe of the lung within which it keeps, where one was asked for: "upper", "middle", "lower", else "".
    """

    finding: str
    label: str
    centre: tuple[float, float, float]
    radius_mm: float
    side: str
    place: str
    suv: float = 0.0
    lobe: str = ""


def spots_of(patient: Patient) -> tuple[Spot, ...]:
    """All round findings of a patient."""
    torso = torso_of(patient)
    found: list[Spot] = []
    for finding in patient.findings:
        if finding.name == "liver_lesion":
            found += _in_liver(torso, finding)
        elif finding.name == "kidney_lesion":
            found += _in_kidneys(torso, finding)
        elif finding.name == "nodes":
            found += _nodes(torso, finding)
        elif finding.name == "tumour":
            found += _tumour(torso, finding)
        elif finding.lobe:
            found += _in_lobe(torso, finding)
        elif finding.name in _IN_LUNG:
            found += _in_lungs(torso, finding)
    return tuple(found)


_IN_LUNG = {"nodule": "lung_nodule", "consolidation": "consolidation", "emphysema": "bulla"}


def _in_lungs(torso: Torso, finding: Finding) -> list[Spot]:
    found = []
    for number, radius in enumerate(finding.size_mm):
        side = finding.side or ("left", "right")[int(finding.places[number][0] * 2)]
        gap = min(radius * 0.8, 12.0) if finding.name == "nodule" else 1.0
        points = lung_points(torso, side, 64, finding.name, gap)
        if finding.name == "emphysema":
            points = points[np.argsort(-points[:, 2])][:24]
        elif finding.name == "consolidation":
            points = points[np.argsort(points[:, 2] - points[:, 1])][:20]
        centre = points[int(finding.places[number][1] * len(points))]
        found.append(_spot(finding, _IN_LUNG[finding.name], centre, radius, side, f"{side} lung"))
    return found


def _in_lobe(torso: Torso, finding: Finding) -> list[Spot]:
    found = []
    for radius, (_, along, _) in zip(finding.size_mm, finding.places, strict=True):
        points = lobe_points(torso, finding.side, finding.lobe, radius)
        place = f"{finding.side} {finding.lobe} lobe"
        spot = _spot(finding, _IN_LUNG[finding.name], points[int(along * len(points))], radius, finding.side, place)
        found.append(replace(spot, lobe=finding.lobe))
    return found


def _in_liver(torso: Torso, finding: Finding) -> list[Spot]:
    rng = stream(torso.patient.seed, "liver points")
    points = rng.uniform([-145, -90, -150], [60, 80, 5], (600, 3))
    room = Room(torso, np.zeros(0, np.float32), np.zeros(0, np.float32))
    x, y, z = points.T.astype(np.float32)
    lid = np.maximum(torso.cavity(x, y, z), z - torso.dome(x, y))
    depth = np.maximum(liver_shape(room, x, y, z), lid)
    found: list[Spot] = []
    for number, radius in enumerate(finding.size_mm):
        inside = points[depth < -min(radius + 3.0, 0.75 * float(-depth.min()))]
        away = [np.linalg.norm(inside - np.asarray(s.centre), axis=1) > s.radius_mm + radius + 3 for s in found]
        inside = inside[np.logical_and.reduce(away)] if away else inside
        if len(inside):
            centre = inside[int(finding.places[number][0] * len(inside))]
            lobe = "right" if centre[0] < -25 else "left"
            found.append(_spot(finding, "liver_lesion", centre, radius, "", f"{lobe} lobe of the liver"))
    return found


def _in_kidneys(torso: Torso, finding: Finding) -> list[Spot]:
    room = Room(torso, np.zeros(0, np.float32), np.zeros(0, np.float32))
    found = []
    for number, radius in enumerate(finding.size_mm):
        sign = 1.0 if finding.side == "left" else -1.0
        _, around, along = finding.places[number]
        level = (along + number) % 1.0 * 60.0 - 30.0
        angle = np.deg2rad(-70 + 140 * around)
        out = np.asarray([sign * 22.0 * np.cos(angle), 20.0 * np.sin(angle), level])
        centre = np.asarray(kidney_centre(room, sign)) + out
        found.append(_spot(finding, "kidney_lesion", centre, radius, finding.side, f"{finding.side} kidney"))
    return found


def _nodes(torso: Torso, finding: Finding) -> list[Spot]:
    chest = torso.patient.region == "chest"
    if chest:
        sites: list[tuple[float, float, float]] = [
            (-19, -4, 132),
            (20, -14, 112),
            (-4, 14, 100),
            (-38, 4, 112),
            (42, 6, 112),
            (-14, -34, 128),
            (4, 22, 84),
        ]
        names = ["right paratracheal", "aortopulmonary", "subcarinal", "right hilar", "left hilar", "prevascular",
                 "paraesophageal"]  # fmt: skip
    else:
        y = torso.spine(-130)[1] - 34.0
        sites = [(26, y, -118), (30, y + 4, -142), (26, y, -166), (-4, y - 6, -138), (-36, y + 4, -150),
                 (10, y - 18, -125), (28, y - 2, -188)]  # fmt: skip
        left = ["left para-aortic"]
        names = [*left * 3, "aortocaval", "right paracaval", "pre-aortic", *left]
    found = []
    for radius, place, site, name in zip(finding.size_mm, finding.places, sites, names, strict=False):
        centre = np.asarray(site, float) + 5.0 * (np.asarray(place) - 0.5)
        found.append(_spot(finding, "lymph_node", centre, radius, "", f"{name} region", finding.suv * 0.6))
    return found


def _tumour(torso: Torso, finding: Finding) -> list[Spot]:
    region, radius = torso.patient.region, finding.size_mm[0]
    side, sign = finding.side, (1.0 if finding.side == "left" else -1.0)
    a, b, c = finding.places[0]
    if region == "chest":
        points = lung_points(torso, side, 64, "tumour", min(radius * 0.7, 14.0))
        points = points[np.argsort(np.linalg.norm(points - HILUM[side], axis=1))][8:40]
        centre, place = points[int(a * len(points))], f"{side} lung"
    elif region == "abdomen":
        centre = np.asarray([sign * (38 + 20 * a), -34.0 + 20 * b, -175.0 - 45.0 * c])
        place = f"{side} mesentery"
    else:
        centre = np.asarray([sign * (24 + 14 * a), -45.0 + 80.0 * b, 8.0 + 28.0 * c])
        place = f"{side} cerebral hemisphere"
        radius = 0.8 * radius
    return [_spot(finding, "fdg_avid_tumor", centre, radius, side, place, finding.suv)]


def _spot(finding: Finding, label: str, centre: Points, radius: float, side: str, place: str, suv: float = 0.0) -> Spot:
    middle = (float(centre[0]), float(centre[1]), float(centre[2]))
    return Spot(finding.name, label, middle, round(float(radius), 2), side, place, round(suv, 2))


def to_world(patient: Patient, point: tuple[float, float, float]) -> tuple[float, float, float]:
    """World mm of a point in patient coordinates (the bend is undone by fixed-point steps)."""
    body = body_of(patient)
    scale, goal = np.asarray(body.scale), np.asarray(point)
    world = goal * scale
    for _ in range(8):
        bend = np.asarray([float(f.at(*(np.asarray(v) for v in world))) for f in body.bend])
        world = (goal - bend) * scale
    return float(world[0]), float(world[1]), float(world[2])
