"""What a chest report says, as questions with a few answers each: what text features must carry."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from ctstudio.phantom.chest_facts import ChestFact
from ctstudio.phantom.chest_population import draw_chest_findings
from ctstudio.phantom.chest_report import Wording, chest_report
from ctstudio.phantom.findings import SIDES, SIZES
from ctstudio.phantom.patient import make_patient

Facts = Sequence[ChestFact]
TOLD = ("present", "denied", "not said")
LOBES = ("left upper", "left lower", "right upper", "right middle", "right lower")


@dataclass(frozen=True)
class Question:
    """One thing to read from a text.

    Attributes:
        name: For the table.
        answers: Every answer.
        answer: Of the facts that a text says; one that is not among the answers leaves the text out.
    """

    name: str
    answers: tuple[str, ...]
    answer: Callable[[Facts], str]


@dataclass(frozen=True)
class Told:
    """One text, and all that it says."""

    text: str
    facts: tuple[ChestFact, ...]


def told_texts(seeds: Iterable[int], wording: Wording, wording_seed: int = 0) -> list[Told]:
    """The reports of some phantom chests of the balanced population."""
    reports = [chest_report(make_patient(s, "chest", draw_chest_findings(s)), wording_seed, wording) for s in seeds]
    return [Told(r.text, tuple(fact for statement in r.said for fact in statement.facts)) for r in reports]


def _size(finding: str) -> Callable[[Facts], str]:
    return lambda facts: next((f.size for f in facts if f.finding == finding and f.present and f.size), "")


def _side(finding: str) -> Callable[[Facts], str]:
    return lambda facts: next((f.side for f in facts if f.finding == finding and f.present and f.side), "")


def _lobe(finding: str) -> Callable[[Facts], str]:
    return lambda facts: next(
        (f"{f.side} {f.lobe}" for f in facts if f.finding == finding and f.present and f.lobe), ""
    )


def _told(finding: str) -> Callable[[Facts], str]:
    """Present; denied altogether; or not said, as where one side only is denied."""

    def answer(facts: Facts) -> str:
        about = [f for f in facts if f.finding == finding]
        if any(f.present for f in about):
            return "present"
        return "denied" if any(not f.side for f in about) else "not said"

    return answer


QUESTIONS = (
    Question("effusion side", (*SIDES, "bilateral"), _side("effusion")),
    Question("effusion size", SIZES, _size("effusion")),
    Question("cardiomegaly size", SIZES, _size("cardiomegaly")),
    Question("emphysema size", SIZES, _size("emphysema")),
    Question("consolidation lobe", LOBES, _lobe("consolidation")),
    Question("consolidation side", SIDES, _side("consolidation")),
    Question("consolidation size", SIZES, _size("consolidation")),
    Question("nodule side", SIDES, _side("nodule")),
    *(
        Question(name, TOLD, _told(name))
        for name in ("effusion", "cardiomegaly", "emphysema", "consolidation", "nodule")
    ),
)
"""Sizes and places where the text says them; of each finding whether it is said to be there."""
