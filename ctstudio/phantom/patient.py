"""A procedural patient: the numbers that decide the anatomy, drawn from a seed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from ctstudio.core.errors import ParameterError
from ctstudio.core.seeds import stream
from ctstudio.phantom.canvas import Body
from ctstudio.phantom.findings import FINDINGS, Finding, check_findings, draw_findings
from ctstudio.phantom.texture import waves
from ctstudio.phantom.tissue import PHASES, Phase

__all__ = ["FINDINGS", "Habitus", "Patient", "Placement", "Region", "make_patient"]

Region = Literal["chest", "abdomen", "head"]
REGIONS: tuple[Region, ...] = get_args(Region)
PHASE_SHARES: dict[Region, tuple[float, float, float, float]] = {
    "chest": (0.45, 0.25, 0.25, 0.05),
    "abdomen": (0.25, 0.2, 0.45, 0.1),
    "head": (0.85, 0.0, 0.15, 0.0),
}
ORGANS: dict[str, tuple[tuple[float, float, float], float, float]] = {
    "heart": ((5, 4, 5), 0.06, 7),
    "liver": ((5, 5, 6), 0.07, 6),
    "left_lobe": ((12, 6, 8), 0.12, 8),
    "spleen": ((5, 6, 9), 0.13, 12),
    "kidney_right": ((4, 4, 9), 0.08, 7),
    "kidney_left": ((4, 4, 9), 0.08, 7),
    "stomach": ((6, 6, 6), 0.12, 4),
    "pancreas": ((5, 4, 6), 0.1, 5),
    "gallbladder": ((6, 5, 7), 0.15, 14),
    "urinary_bladder": ((5, 5, 4), 0.15, 4),
    "colon": ((5, 6, 8), 0.1, 0),
    "aorta": ((3, 2, 4), 0.08, 0),
    "brain": ((0.5, 1, 1), 0.012, 1.5),
    "ventricles": ((0.6, 2, 2), 0.13, 2),
}
"""Spread of position (mm), size (fraction) and turn (degrees) of each organ: standard deviations."""


@dataclass(frozen=True)
class Habitus:
    """Build of a patient.

    Attributes:
        sex: "female" or "male".
        age_years: 22 to 88.
        width, depth, height: Size of the skeleton along x, y, z; 1 = average.
        fat_mm: Mean thickness of the subcutaneous fat.
        muscle: Thickness of muscles, 1 = average.
        breath_mm: How far the diaphragm lies below (positive) or above its average place.
        kyphosis: Curvature of the thoracic spine, 1 = average.
    """

    sex: str
    age_years: int
    width: float
    depth: float
    height: float
    fat_mm: float
    muscle: float
    breath_mm: float
    kyphosis: float


@dataclass(frozen=True)
class Placement:
    """How one organ differs from the average: shift (x, y, z) mm, size factor, turn about (x, y, z) degrees."""

    organ: str
    shift_mm: tuple[float, float, float]
    size: float
    turn_deg: tuple[float, float, float]


@dataclass(frozen=True)
class Patient:
    """Every number that decides the anatomy of one procedural patient."""

    seed: int
    region: Region
    habitus: Habitus
    contrast_phase: Phase
    organs: tuple[Placement, ...]
    findings: tuple[Finding, ...]

    def organ(self, name: str) -> Placement:
        """The placement of one organ."""
        return next(p for p in self.organs if p.organ == name)

    def finding(self, name: str) -> Finding | None:
        """The finding of a name, if the patient has it."""
        return next((f for f in self.findings if f.name == name), None)


def make_patient(seed: int, region: Region, findings: Mapping[str, str] | None = None) -> Patient:
    """Draw a patient.

    Args:
        seed: Any integer >= 0; the same seed gives the same patient.
        region: "chest", "abdomen" or "head".
        findings: Finding to value, as `FINDINGS` lists them. None draws them from the seed; {} is a healthy patient,
            and the value "none" says that one is absent.

    Raises:
        ParameterError: Unknown region, finding or value.
    """
    if region not in REGIONS:
        raise ParameterError(f"There is no region called {region!r}.", f"Choose one of: {', '.join(REGIONS)}.")
    if seed < 0:
        raise ParameterError(f"The seed {seed} is negative.", "Give a seed of 0 or more.")
    if findings is not None:
        check_findings(findings, region)
    rng = stream(seed, "patient", region)
    phase = PHASES[int(rng.choice(4, p=PHASE_SHARES[region]))]
    habitus = _habitus(rng, region)
    organs = tuple(_placement(seed, name) for name in ORGANS)
    return Patient(seed, region, habitus, phase, organs, draw_findings(seed, region, findings))


def body_of(patient: Patient) -> Body:
    """The mapping from world to patient coordinates."""
    size = patient.habitus
    sd, length = (1.0, 130.0) if patient.region == "head" else (2.2, 200.0)
    bend = [waves(patient.seed, "bend", axis, wavelength_mm=length, sd=sd, count=12) for axis in range(3)]
    return Body((size.width, size.depth, size.height), (bend[0], bend[1], bend[2]))


def _habitus(rng: np.random.Generator, region: Region) -> Habitus:
    male = bool(rng.random() < 0.5)
    build = rng.normal(0.0, 1.0)
    skull = region == "head"
    size = 1.015 if male else 0.965
    spread = 0.025 if skull else 0.032
    width, depth, height = size * np.exp(rng.normal(0.0, spread, 3) + (0.0 if skull else 0.012 * build))
    width *= 1.0 if skull else 1.055
    fat = 19.0 * np.exp(0.42 * build) * (0.85 if male else 1.1)
    return Habitus(
        sex="male" if male else "female",
        age_years=int(rng.integers(22, 89)),
        width=round(float(np.clip(width, 0.9, 1.14)), 4),
        depth=round(float(np.clip(depth, 0.9, 1.12)), 4),
        height=round(float(np.clip(height, 0.9, 1.1)), 4),
        fat_mm=round(float(np.clip(fat, 7.0, 38.0)), 2),
        muscle=round(float(np.clip(rng.normal(1.05 if male else 0.92, 0.12), 0.7, 1.35)), 3),
        breath_mm=round(float(rng.normal(0.0, 7.0)), 2),
        kyphosis=round(float(np.clip(rng.normal(1.0, 0.25), 0.4, 1.7)), 3),
    )


def _placement(seed: int, organ: str) -> Placement:
    shift, size, turn = ORGANS[organ]
    rng = stream(seed, "organ", organ)
    moved = np.round(np.clip(rng.normal(0.0, 1.0, 3), -2, 2) * shift, 2)
    turned = np.round(np.clip(rng.normal(0.0, 1.0, 3), -2, 2) * turn, 2)
    factor = round(float(np.exp(np.clip(rng.normal(), -2, 2) * size)), 4)
    return Placement(organ, _triple(moved), factor, _triple(turned))


def _triple(values: np.ndarray) -> tuple[float, float, float]:
    return float(values[0]), float(values[1]), float(values[2])
