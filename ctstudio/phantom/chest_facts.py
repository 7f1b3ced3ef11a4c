"""What a text about a chest may say: each finding, there or not, with size, side, lobe and figures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ctstudio.phantom.findings import ABSENT, FINDINGS, SIDES, SIZES, Finding, check_findings
from ctstudio.phantom.patient import Patient
from ctstudio.phantom.spots import Spot, spots_of

CHEST_FINDINGS = ("effusion", "cardiomegaly", "emphysema", "consolidation", "nodule", "nodes", "tumour")
"""Findings of the chest itself; the upper abdomen is left to others."""
_SIDED = ("effusion", "consolidation")
"""Findings whose absence on the healthy side is worth a word."""
_CUT_BY_FISSURES_MM = 24.0
"""Radius from which a consolidation that keeps within its lobe may be flatter than its radius says."""


@dataclass(frozen=True)
class ChestFact:
    """One thing that is true of a chest; empty and 0 mean that nothing is said about it.

    Attributes:
        finding: Key of `FINDINGS`.
        present: Whether the chest has it (on that side, where a side is given).
        size: "small", "moderate", "large" or "".
        side: "left", "right", "bilateral" or "".
        lobe: "upper", "middle", "lower" or "".
        figure: Depth of an effusion, largest diameter of anything round (mm); for a heart, how much larger (%).
        count: Number of nodules or bullae.
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
    spots = spots_of(patient)
    facts = []
    for name in CHEST_FINDINGS:
        finding = patient.finding(name)
        items = [s for s in spots if s.finding == name]
        if finding is None:
            facts.append(ChestFact(name, False))
        elif items or name in ("effusion", "cardiomegaly"):
            facts += [_fact(finding, items), *_healthy_side(name, finding.side)]
    return tuple(facts)


def facts_asked(findings: Mapping[str, str]) -> tuple[ChestFact, ...]:
    """What findings asked of `make_patient` say by themselves; {} says that the chest is healthy.

    Raises:
        ParameterError: A finding or value that a chest cannot have.
    """
    check_findings(findings, "chest")
    if not findings:
        return tuple(ChestFact(name, False) for name in CHEST_FINDINGS)
    return tuple(_asked(name, value) for name, value in findings.items() if name in CHEST_FINDINGS)


def _asked(name: str, value: str) -> ChestFact:
    if value == ABSENT:
        return ChestFact(name, False)
    words = value.split("-")
    size = next((w for w in words if w in SIZES), "")
    lobe = next((w for w in words if w in FINDINGS[name].lobes), "")
    side = next((w for w in words if w in (*SIDES, "bilateral")), "right" if lobe == "middle" else "")
    return ChestFact(name, True, size, side, lobe if side else "")


def _fact(finding: Finding, items: list[Spot]) -> ChestFact:
    name, size, side, lobe = finding.name, finding.size, finding.side, finding.lobe
    if name == "effusion":
        return ChestFact(name, True, size, side, figure=round(finding.size_mm[0]))
    if name == "cardiomegaly":
        return ChestFact(name, True, size, figure=round(100 * (finding.size_mm[0] - 1.0)))
    widest = max(s.radius_mm for s in items)
    figure = 0 if lobe and widest > _CUT_BY_FISSURES_MM else round(2 * widest)
    return ChestFact(name, True, size, side, lobe, figure, len(items))


def _healthy_side(name: str, side: str) -> list[ChestFact]:
    if name not in _SIDED or side not in SIDES:
        return []
    return [ChestFact(name, False, side="left" if side == "right" else "right")]
