"""Whether what is asked lies within what a model has seen: green, amber or red, each with its reason."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from ctstudio.catalog.model_card import ModelInfo, Range

Level = Literal["green", "amber", "red"]

FAR = 2.0
"""More than this factor outside a range is red. Source: ours."""
WINDOWS = "Windows"
"""The finding that says how a volume will be gone through, and not only whether it fits."""
_ORDER: tuple[Level, ...] = ("green", "amber", "red")


@dataclass(frozen=True)
class Fit:
    """One finding: how well `what` fits, and why."""

    level: Level
    what: str
    reason: str


def worst(findings: Iterable[Fit]) -> Level:
    """The worst level among findings; green when there are none."""
    return max((f.level for f in findings), key=_ORDER.index, default="green")


def readiness(info: ModelInfo) -> list[Fit]:
    """A model of public weights that nobody has trained for its task cannot generate at all."""
    return [Fit("red", "Model", info.not_ready)] if info.not_ready else []


def against(trained: Range, value: float, what: str, shown: str, unit: str) -> Fit:
    """One number beside the range that was trained."""
    if trained.holds(value, 0.01):
        return Fit("green", what, f"{shown} is within the trained {trained} {unit}.")
    side = "below" if value < trained.low else "above"
    return Fit("red" if is_far(trained, value) else "amber", what, f"{shown} is {side} the trained {trained} {unit}.")


def is_far(trained: Range, value: float) -> bool:
    """Whether a number is so far outside that nothing good can come of it."""
    return value < trained.low / FAR or value > trained.high * FAR


def listed(names: Sequence[str], most: int = 4) -> str:
    """Names in a row, the first ones alone when there are many."""
    shown = ", ".join(names[:most])
    return shown if len(names) <= most else f"{shown} and {len(names) - most} more"
