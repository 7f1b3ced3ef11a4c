"""Whether generated chests show what their texts say, as counts with confidence intervals."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from ctstudio.core.labels import LUNG_LOBES
from ctstudio.evaluation.chest_figures import Figures
from ctstudio.evaluation.medsyn_prompts import AGAIN, ARMS, LOBE_PLACES, SAID_AGAIN
from ctstudio.measure.proportions import Proportion, proportion_of

EFFUSION_ML = 30.0
ENLARGED_RATIO = 0.5
EMPHYSEMA_PERCENT = 5.0
CONSOLIDATION_ML = 15.0
"""From here on a finding counts as there. Fixed on phantoms of seeds below those that are evaluated; 0.5 is the usual
limit of the cardiothoracic ratio."""

Measured = Mapping[str, Sequence[Figures]]
"""Figures of each volume, by the name of its prompt."""


@dataclass(frozen=True)
class Question:
    """One thing that is asked of the volumes, and how often the answer was right.

    Attributes:
        name: A short one.
        title: What is asked, in words.
        goal: The share that is wanted.
        answer: How often.
    """

    name: str
    title: str
    goal: float
    answer: Proportion


def effusion_ml(figures: Figures) -> float:
    """Both sides together, by place and HU."""
    return figures["effusion_left_ml"] + figures["effusion_right_ml"]


def consolidation_ml(figures: Figures) -> float:
    """All lobes together."""
    return sum(figures[f"consolidation_{name}_ml"] for name in LUNG_LOBES)


def shown(figures: Figures) -> dict[str, bool]:
    """Which findings a chest shows, by their names; what could not be measured is not shown."""
    return {
        "effusion": effusion_ml(figures) >= EFFUSION_ML,
        "cardiomegaly": figures["cardiothoracic_ratio"] >= ENLARGED_RATIO,
        "emphysema": figures["laa_950_percent"] >= EMPHYSEMA_PERCENT,
        "consolidation": consolidation_ml(figures) >= CONSOLIDATION_ML,
    }


def questions(measured: Measured) -> list[Question]:
    """Every question whose prompts were measured; volumes of the same seed are compared with each other."""
    found = [(name, title, goal, answers(measured)) for name, title, goal, answers in _ASKED]
    return [Question(name, title, goal, proportion_of(answers)) for name, title, goal, answers in found if answers]


def _told_apart(measured: Measured) -> list[bool]:
    none, large = measured.get("effusion none", ()), measured.get("effusion large", ())
    return [not shown(f)["effusion"] for f in none] + [shown(f)["effusion"] for f in large]


def _sides(measured: Measured) -> list[bool]:
    answers = []
    for arm in ("effusion small", "effusion large"):
        for figures, told in zip(measured.get(arm, ()), itertools.cycle(ARMS[arm]), strict=False):
            answers.append(_side(figures) == told["effusion"].split("-")[1])
    return answers


def _side(figures: Figures) -> str:
    left, right = figures["effusion_left_ml"], figures["effusion_right_ml"]
    if not max(left, right) > 0:
        return ""
    return "left" if left > right else "right"


def _above(more: str, less: str, value: Callable[[Figures], float]) -> Callable[[Measured], list[bool]]:
    def answers(measured: Measured) -> list[bool]:
        pairs = zip(measured.get(more, ()), measured.get(less, ()), strict=False)
        return [value(a) > value(b) for a, b in pairs]

    return answers


def _lobe(figures: Figures) -> int:
    """Number of the lobe with most consolidation, 0 without any."""
    amounts = [figures[f"consolidation_{name}_ml"] for name in LUNG_LOBES]
    return 1 + amounts.index(max(amounts)) if all(map(math.isfinite, amounts)) and max(amounts) > 0 else 0


def _lobes(measured: Measured) -> list[bool]:
    cycle = itertools.cycle(ARMS["consolidation"])
    told = (1 + LOBE_PLACES.index(findings["consolidation"].partition("-")[2]) for findings in cycle)
    return [_lobe(figures) == lobe for figures, lobe in zip(measured.get("consolidation", ()), told, strict=False)]


def _denied(measured: Measured) -> list[bool]:
    """For each volume whose text denies something, whether it is absent."""
    answers = []
    for arm, cycle in ARMS.items():
        for name in (each for each, value in cycle[0].items() if value == "none"):
            answers += [not shown(f)[name] for word in ("", AGAIN) for f in measured.get(arm + word, ())]
    return answers


def _alike(measured: Measured) -> list[bool]:
    answers = []
    for arm in SAID_AGAIN:
        name = next(iter(ARMS[arm][0]))
        pairs = zip(measured.get(arm, ()), measured.get(arm + AGAIN, ()), strict=False)
        answers += [_decision(name, a) == _decision(name, b) for a, b in pairs]
    return answers


def _decision(finding: str, figures: Figures) -> tuple[bool, object]:
    there = shown(figures)[finding]
    where: object = ""
    if there and finding == "effusion":
        where = _side(figures)
    elif there and finding == "consolidation":
        where = _lobe(figures)
    return there, where


_ASKED: tuple[tuple[str, str, float, Callable[[Measured], list[bool]]], ...] = (
    ("effusion present", "Effusion: none and large told apart by volume", 0.97, _told_apart),
    ("effusion side", "Effusion on the side the text says", 0.97, _sides),
    ("effusion size", "Large effusion above small", 0.90, _above("effusion large", "effusion small", effusion_ml)),
    (
        "cardiomegaly",
        "Cardiothoracic ratio with cardiomegaly above without",
        0.95,
        _above("cardiomegaly", "cardiomegaly none", lambda figures: figures["cardiothoracic_ratio"]),
    ),
    (
        "bullae",
        "%LAA-950 with bullae above without",
        0.95,
        _above("bullae", "bullae none", lambda figures: figures["laa_950_percent"]),
    ),
    ("consolidation lobe", "Consolidation in the lobe the text says", 0.90, _lobes),
    ("negations", "Findings that the text denies are absent", 0.97, _denied),
    ("paraphrases", "Other words, same seed: the same finding, side and lobe", 0.95, _alike),
)
"""Name, title, goal, and how the answers are found; no answers when the prompts were not measured."""
