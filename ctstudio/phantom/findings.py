"""What can be wrong with a patient: names, values, and the numbers drawn for each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ctstudio.core.errors import ParameterError
from ctstudio.core.seeds import stream

SIZES = ("small", "moderate", "large")
SIDES = ("left", "right")
ABSENT = "none"
"""The value that says a finding is not there."""


@dataclass(frozen=True)
class Kind:
    """A finding that can be asked for.

    Attributes:
        title: As people read it.
        regions: Where it exists.
        values: Words that may be given, alone or joined by "-" ("large-left").
        share: How often it is drawn at random.
        size_mm: Radius (or thickness) in mm, or factor, for small, moderate and large.
        count: Fewest and most items.
        lobes: Lobes of the lung it can be asked to lie in.
    """

    title: str
    regions: tuple[str, ...]
    values: tuple[str, ...]
    share: float
    size_mm: tuple[float, float, float]
    count: tuple[int, int] = (1, 1)
    lobes: tuple[str, ...] = ()


TORSO = ("chest", "abdomen")
LOBES = ("upper", "middle", "lower")
FINDINGS: dict[str, Kind] = {
    "effusion": Kind("pleural effusion", ("chest",), (*SIZES, *SIDES, "bilateral"), 0.25, (13, 28, 52)),
    "cardiomegaly": Kind("cardiomegaly", ("chest",), ("small", "moderate", "large"), 0.2, (1.12, 1.22, 1.34)),
    "emphysema": Kind("bullous emphysema", ("chest",), SIZES, 0.18, (11, 18, 28), (3, 12)),
    "consolidation": Kind("consolidation", ("chest",), (*SIZES, *SIDES), 0.22, (20, 32, 48), lobes=LOBES),
    "nodule": Kind("pulmonary nodule", ("chest",), (*SIZES, *SIDES), 0.35, (3.5, 6, 11), (1, 4)),
    "liver_lesion": Kind("liver lesion", TORSO, SIZES, 0.35, (6, 12, 24), (1, 4)),
    "kidney_lesion": Kind("kidney lesion", TORSO, (*SIZES, *SIDES), 0.3, (6, 12, 21), (1, 2)),
    "nodes": Kind("enlarged lymph nodes", TORSO, SIZES, 0.2, (6.5, 9, 13), (3, 7)),
    "tumour": Kind("FDG-avid tumour", (*TORSO, "head"), (*SIZES, *SIDES), 0.22, (9, 16, 26)),
}
"""Findings by name, with the values each allows."""


@dataclass(frozen=True)
class Finding:
    """One finding of one patient.

    Attributes:
        name: Key of `FINDINGS`.
        size: "small", "moderate" or "large".
        side: "left", "right" or "bilateral"; "" where there is no side.
        size_mm: Radius in mm of each item (thickness for an effusion, factor for cardiomegaly).
        places: For each item three numbers in 0..1 that decide where in its organ it lies.
        suv: Peak FDG uptake of what is avid.
        lobe: "upper", "middle" or "lower" where a lobe was asked for, else "".
    """

    name: str
    size: str
    side: str
    size_mm: tuple[float, ...]
    places: tuple[tuple[float, float, float], ...]
    suv: float
    lobe: str = ""


def check_findings(findings: Mapping[str, str], region: str) -> None:
    """Refuse what does not exist.

    Raises:
        ParameterError: Unknown finding, one that the region does not have, or an unknown value.
    """
    known = {n: k for n, k in FINDINGS.items() if region in k.regions}
    for name, value in findings.items():
        if name not in known:
            raise ParameterError(f"The {region} has no finding called {name!r}.", f"Choose among: {', '.join(known)}.")
        words, kind = value.split("-"), known[name]
        if value == ABSENT:
            continue
        unknown = [w for w in words if w not in (*kind.values, *kind.lobes)]
        sides = [w for w in words if w in kind.values and w not in SIZES]
        lobes = [w for w in words if w in kind.lobes]
        sizes = [w for w in words if w in SIZES]
        if unknown or max(len(sizes), len(sides), len(lobes)) > 1 or ("middle" in lobes and "left" in sides):
            raise ParameterError(
                f"The finding {name} has no value {value!r}.",
                f"Give {ABSENT}, or one of {', '.join((*kind.values, *kind.lobes))}, "
                f"or words joined such as {_example(kind)}.",
            )


def _example(kind: Kind) -> str:
    sides = [v for v in kind.values if v not in SIZES]
    if kind.lobes:
        return "large-left-upper (the middle lobe is on the right)"
    return "large-left" if sides else "one size alone"


def draw_findings(seed: int, region: str, asked: Mapping[str, str] | None) -> tuple[Finding, ...]:
    """The findings of a patient: those asked for, or by chance when `asked` is None."""
    found = []
    for name, kind in FINDINGS.items():
        rng = stream(seed, "finding", name)
        by_chance = rng.random() < kind.share
        if region in kind.regions and (by_chance if asked is None else asked.get(name, ABSENT) != ABSENT):
            found.append(_draw(name, kind, rng, (asked or {}).get(name, "")))
    return tuple(found)


def _draw(name: str, kind: Kind, rng: np.random.Generator, value: str) -> Finding:
    words = value.split("-") if value else []
    size = str(rng.choice(SIZES))
    size = next((w for w in words if w in SIZES), size)
    sides = [v for v in kind.values if v not in SIZES]
    side = str(rng.choice(sides)) if sides else ""
    lobe = next((w for w in words if w in kind.lobes), "")
    side = next((w for w in words if w in sides), "right" if lobe == "middle" else side)
    count = int(rng.integers(kind.count[0], kind.count[1] + 1))
    factor = rng.uniform(0.88, 1.12, count) if kind.size_mm[0] > 2 else rng.uniform(0.98, 1.02, count)
    sizes = np.round(kind.size_mm[SIZES.index(size)] * factor, 2)
    places = np.minimum(np.round(rng.random((count, 3)), 4), 0.9999)  # below 1, as the draw was
    return Finding(
        name,
        size,
        side,
        tuple(float(s) for s in sizes),
        tuple((float(a), float(b), float(c)) for a, b, c in places),
        round(float(rng.uniform(6.0, 15.0)), 2),
        lobe,
    )
