"""What a text about a chest may say: each finding, there or not, with size, side, lobe and figures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ctstudio.phantom.findings import ABSENT, FINDINGS, SIDES, SIZES, Finding, check_findings
from ctstudio.phantom.patient import Patient
from ctstudio.phantom.spots import spots_of

CHEST_FINDINGS = ("effusion", "cardiomegaly", "emphysema", "consolidation", "nodule", "nodes", "tumour")
"""Findings of the chest itself: stated where they are there, and denied where they are not."""
BELOW = ("liver_lesion", "kidney_lesion")
"""Findings below the diaphragm, of which a report on the chest says only that they are there."""
_SIDED = ("effusion", "consolidation")
"""Findings whose absence on the healthy side is worth a word."""


@dataclass(frozen=True)
class ChestFact:
    """One thing that is true of a chest; empty and 0 mean that nothing is said about it.

    Attributes:
        finding: Key of `FINDINGS`.
        present: Whether the chest has it (on that side, where a side is given).
        size: "small", "moderate", "large" or "".
        side: "left", "right", "bilateral" or "".
        lobe: "upper", "middle", "lower" or "".
        figure: Depth of an effusion or largest diameter of what is round, mm; of a heart, how much larger, %. None for
            a consolidation, which ends where its lobe or lung does.
        count: Number of nodules, bullae or lesions.
    """

    finding: str
    present: bool
    size: str = ""
    side: str = ""
    lobe: str = ""
    figure: int = 0
    count: int = 0


def facts_of(patient: Patient) -> tuple[ChestFact, ...]:
    """All that is true of a patient's chest, what is absent included."""
    facts = []
    for name in (*CHEST_FINDINGS, *BELOW):
        finding = patient.finding(name)
        if finding is None:
            facts += [ChestFact(name, False)] if name in CHEST_FINDINGS else []
            continue
        sizes = _liver_sizes(patient) if name == "liver_lesion" else finding.size_mm
        if sizes:
            facts += [_fact(finding, sizes), *_healthy_side(name, finding.side)]
    return tuple(facts)


def _liver_sizes(patient: Patient) -> tuple[float, ...]:
    """Radii of the lesions that found room in the liver."""
    return tuple(s.radius_mm for s in spots_of(patient) if s.finding == "liver_lesion")


def facts_asked(findings: Mapping[str, str]) -> tuple[ChestFact, ...]:
    """What findings asked of `make_patient` say by themselves; {} says that the chest is healthy.

    Raises:
        ParameterError: A finding or value that a chest cannot have.
    """
    check_findings(findings, "chest")
    if not findings:
        return tuple(ChestFact(name, False) for name in CHEST_FINDINGS)
    return tuple(_asked(name, value) for name, value in findings.items())


def _asked(name: str, value: str) -> ChestFact:
    if value == ABSENT:
        return ChestFact(name, False)
    words = value.split("-")
    size = next((w for w in words if w in SIZES), "")
    lobe = next((w for w in words if w in FINDINGS[name].lobes), "")
    side = next((w for w in words if w in (*SIDES, "bilateral")), "right" if lobe == "middle" else "")
    return ChestFact(name, True, size, side, lobe if side else "")


def _fact(finding: Finding, sizes: tuple[float, ...]) -> ChestFact:
    name, size, side, lobe = finding.name, finding.size, finding.side, finding.lobe
    if name == "effusion":
        return ChestFact(name, True, size, side, figure=round(sizes[0]))
    if name == "cardiomegaly":
        return ChestFact(name, True, size, figure=round(100 * (sizes[0] - 1.0)))
    figure = 0 if name == "consolidation" else round(2 * max(sizes))
    return ChestFact(name, True, size, side, lobe, figure, len(sizes))


def _healthy_side(name: str, side: str) -> list[ChestFact]:
    if name not in _SIDED or side not in SIDES:
        return []
    return [ChestFact(name, False, side="left" if side == "right" else "right")]
