"""What a MedSyn model is asked for: prompts with and without each finding, again in other words, and whole reports."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ctstudio.evaluation.held_out import FIRST_SEED
from ctstudio.phantom.chest_population import draw_chest_findings
from ctstudio.phantom.chest_report import chest_report, describe
from ctstudio.phantom.patient import make_patient

PROMPT_SEEDS = FIRST_SEED + 40_000
"""First patient of the phantoms that are measured beside what is generated."""
REPORT_SEEDS = FIRST_SEED + 50_000
"""First patient of those whose reports are asked for."""
OTHER_SEEDS = FIRST_SEED + 60_000
"""First patient of the strangers that show how near two samples of patients come."""

AGAIN = ", other words"
REPORTS, STRANGERS = "reports", "strangers"
LOBE_PLACES = ("left-upper", "left-lower", "right-upper", "right-middle", "right-lower")
"""In the order of the lobes 1 to 5."""

Findings = Mapping[str, str]

ARMS: dict[str, tuple[Findings, ...]] = {
    "effusion none": ({"effusion": "none"},),
    "effusion small": ({"effusion": "small-left"}, {"effusion": "small-right"}),
    "effusion large": ({"effusion": "large-left"}, {"effusion": "large-right"}),
    "cardiomegaly none": ({"cardiomegaly": "none"},),
    "cardiomegaly": ({"cardiomegaly": "moderate"}, {"cardiomegaly": "large"}),
    "bullae none": ({"emphysema": "none"},),
    "bullae": ({"emphysema": "moderate"}, {"emphysema": "large"}),
    "consolidation none": ({"consolidation": "none"},),
    "consolidation": tuple({"consolidation": f"{size}-{at}"} for size in ("moderate", "large") for at in LOBE_PLACES),
}
"""Prompts by name; the volumes of one take its findings in turn."""

SAID_AGAIN = ("effusion none", "effusion large", "cardiomegaly", "bullae", "consolidation")
"""Prompts that are asked again with the same seeds in other words."""


@dataclass(frozen=True)
class Asked:
    """One volume that is asked for.

    Attributes:
        seed: Of the sampling; also tells the phantom that is measured beside it.
        findings: What the text says.
        text: The text, in words that training never used.
        impression: Its impression, where a whole report is asked.
    """

    seed: int
    findings: Findings
    text: str
    impression: str = ""


@dataclass(frozen=True)
class Arm:
    """Volumes of one kind.

    Attributes:
        name: Also the name of its folder.
        asked: What is asked, one a volume.
        patients: The phantoms beside it, seeds.
    """

    name: str
    asked: Sequence[Asked]
    patients: Sequence[int] = field(default_factory=tuple)


def prompt_arms(volumes: int) -> list[Arm]:
    """All prompts, so many volumes of each; then those that are said again."""
    arms = [_arm(name, cycle, volumes) for name, cycle in ARMS.items()]
    return arms + [_arm(name + AGAIN, ARMS[name], volumes, again=1) for name in SAID_AGAIN]


def report_arm(volumes: int) -> Arm:
    """Whole reports of patients nobody trained on."""
    seeds = range(REPORT_SEEDS, REPORT_SEEDS + volumes)
    asked = []
    for number, seed in enumerate(seeds):
        findings = draw_chest_findings(seed)
        report = chest_report(make_patient(seed, "chest", findings), seed, "held_out")
        asked.append(Asked(number, findings, report.findings, report.impression))
    return Arm(REPORTS, tuple(asked), tuple(seeds))


def stranger_findings(volumes: int) -> list[tuple[int, Findings]]:
    """As many other patients of the same population: seed and findings."""
    return [(seed, draw_chest_findings(seed)) for seed in range(OTHER_SEEDS, OTHER_SEEDS + volumes)]


def _arm(name: str, cycle: Sequence[Findings], volumes: int, again: int = 0) -> Arm:
    asked = tuple(
        Asked(seed, cycle[seed % len(cycle)], describe(cycle[seed % len(cycle)], 1000 * again + seed, "held_out"))
        for seed in range(volumes)
    )
    return Arm(name, asked, tuple(PROMPT_SEEDS + each.seed for each in asked))
