"""Reports of phantoms to learn words from; drawing them makes no volume."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from ctstudio.phantom.chest_population import draw_chest_findings
from ctstudio.phantom.chest_report import Wording, chest_report
from ctstudio.phantom.patient import Patient, make_patient

TOLD_EVERY = 100
"""Patients between two words of progress."""


@dataclass(frozen=True)
class ReportOfPhantom:
    """One report, with the truth it tells.

    Attributes:
        seed: Of the patient.
        findings, impression: The two sections; one of them may be empty.
        facts: What was asked of the patient: {"effusion": "large-left"}; {} is a normal chest.
    """

    seed: int
    findings: str
    impression: str
    facts: dict[str, str]

    @property
    def text(self) -> str:
        """Both sections."""
        return f"{self.findings} {self.impression}".strip()


def draw_report(seed: int, wording_seed: int = 0, wording: Wording = "train") -> ReportOfPhantom:
    """The report of a phantom chest of the balanced population, in one of many wordings."""
    return _worded(_patient(seed), wording_seed, wording)


def draw_reports(
    seeds: Iterable[int],
    wordings: int,
    told: Callable[[int, int], None] = lambda done, of: None,
    wording: Wording = "train",
) -> list[ReportOfPhantom]:
    """The reports of some phantoms, each in several wordings, in the order of the seeds."""
    wanted = list(seeds)
    found = []
    for done, seed in enumerate(wanted, start=1):
        patient = _patient(seed)
        found += [_worded(patient, number, wording) for number in range(wordings)]
        if done % TOLD_EVERY == 0 or done == len(wanted):
            told(done, len(wanted))
    return found


def _patient(seed: int) -> Patient:
    return make_patient(seed, "chest", draw_chest_findings(seed))


def _worded(patient: Patient, wording_seed: int, wording: Wording) -> ReportOfPhantom:
    report = chest_report(patient, wording_seed, wording)
    return ReportOfPhantom(patient.seed, report.findings, report.impression, draw_chest_findings(patient.seed))


def write_reports(reports: Iterable[ReportOfPhantom], path: Path) -> None:
    """Write reports as JSON lines; the file is there whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    partial.write_text("".join(json.dumps(asdict(report)) + "\n" for report in reports), encoding="utf-8")
    os.replace(partial, path)


def read_reports(path: Path) -> list[ReportOfPhantom]:
    """What `write_reports` wrote."""
    return [ReportOfPhantom(**json.loads(line)) for line in path.read_text(encoding="utf-8").splitlines()]
