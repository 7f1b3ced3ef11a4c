"""A radiologist's report that states the truth about a patient: sides, sizes, counts."""

from __future__ import annotations

from ctstudio.phantom.findings import FINDINGS, Finding
from ctstudio.phantom.patient import Patient
from ctstudio.phantom.spots import Spot, spots_of

PHASE_WORDS = {
    "none": "without intravenous contrast",
    "arterial": "in the arterial phase after intravenous contrast",
    "portal": "in the portal venous phase after intravenous contrast",
    "delayed": "in the delayed phase after intravenous contrast",
}
SIZE_WORDS = {"small": "small", "moderate": "moderate", "large": "large"}
HEART_WORDS = {"small": "mildly", "moderate": "moderately", "large": "markedly"}
EMPHYSEMA_WORDS = {"small": "mild", "moderate": "moderate", "large": "severe"}
NORMAL: dict[str, tuple[tuple[tuple[str, ...], str], ...]] = {
    "chest": (
        (("consolidation", "nodule", "emphysema", "tumour"), "The lungs are clear."),
        (("effusion",), "There is no pleural effusion."),
        (("cardiomegaly",), "The heart is normal in size."),
        (("nodes",), "There are no enlarged mediastinal or hilar lymph nodes."),
        (("liver_lesion", "kidney_lesion"), "The upper abdomen is unremarkable."),
    ),
    "abdomen": (
        (("liver_lesion",), "The liver has a homogeneous texture without focal lesion."),
        (("kidney_lesion",), "Both kidneys are normal."),
        (("nodes",), "There are no enlarged retroperitoneal lymph nodes."),
        (("tumour",), "There is no mass in the mesentery."),
        ((), "Spleen, pancreas, gallbladder, stomach and urinary bladder are unremarkable."),
    ),
    "head": (
        (("tumour",), "There is no intracranial mass."),
        ((), "There is no intracranial haemorrhage. The skull is intact."),
    ),
}


def report(patient: Patient) -> str:
    """Findings and impression, in plain sentences that name every finding with its side and size."""
    habitus = patient.habitus
    spots = spots_of(patient)
    lines = [
        f"CT of the {patient.region} {PHASE_WORDS[patient.contrast_phase]}. "
        f"{habitus.age_years}-year-old {habitus.sex} patient (procedural phantom {patient.seed}).",
    ]
    stated = [_sentence(f, [s for s in spots if s.finding == f.name]) for f in patient.findings]
    present = {f.name for f in patient.findings}
    normal = [text for names, text in NORMAL[patient.region] if not present & set(names)]
    impression = [_impression(f) for f in patient.findings] or [f"Normal CT of the {patient.region}."]
    lines.append("Findings: " + " ".join([*stated, *normal]))
    lines.append("Impression: " + " ".join(impression))
    return "\n".join(lines) + "\n"


def _sentence(finding: Finding, spots: list[Spot]) -> str:
    if finding.name == "effusion":
        both = "bilateral pleural effusions" if finding.side == "bilateral" else f"{finding.side} pleural effusion"
        word = SIZE_WORDS[finding.size].capitalize()
        return f"{word} {both}, up to about {finding.size_mm[0]:.0f} mm deep."
    if finding.name == "cardiomegaly":
        percent = round(100 * (finding.size_mm[0] - 1.0))
        return f"The heart is {HEART_WORDS[finding.size]} enlarged, about {percent} % larger than normal in diameter."
    if finding.name == "emphysema":
        widest = 2 * max(s.radius_mm for s in spots)
        word = EMPHYSEMA_WORDS[finding.size].capitalize()
        return f"{word} emphysema of the upper lobes with {_count(spots, 'bulla', 'bullae')}, up to {widest:.0f} mm."
    if not spots:
        return ""
    return f"{_NAMES[finding.name]}: " + "; ".join(_item(s) for s in spots) + "."


_NAMES = {
    "consolidation": "Consolidation",
    "nodule": "Pulmonary nodules",
    "liver_lesion": "Hypodense liver lesions",
    "kidney_lesion": "Kidney lesions",
    "nodes": "Enlarged lymph nodes",
    "tumour": "FDG-avid tumour",
}


def _item(spot: Spot) -> str:
    avid = f", SUV {spot.suv:.1f}" if spot.suv else ""
    return f"{2 * spot.radius_mm:.0f} mm in the {spot.place}{avid}"


def _count(spots: list[Spot], one: str, many: str) -> str:
    return f"one {one}" if len(spots) == 1 else f"{len(spots)} {many}"


def _impression(finding: Finding) -> str:
    title = FINDINGS[finding.name].title
    if finding.name == "cardiomegaly":
        return f"{HEART_WORDS[finding.size][:-2].capitalize()} cardiomegaly."
    words = [SIZE_WORDS[finding.size], finding.side, title]
    if finding.name == "emphysema":
        words[0] = EMPHYSEMA_WORDS[finding.size]
    text = " ".join(w for w in words if w)
    return text[0].upper() + text[1:] + "."
