"""Why a stroke changed nothing."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Reason = Literal["outside the scan", "label locked", "outside the HU range", "already this label"]


@dataclass(frozen=True)
class Refusal:
    """The reason, in a word for the program and in a sentence for the user, with what to do."""

    reason: Reason
    text: str
    remedy: str


@dataclass
class Obstacles:
    """What stood in the way of a stroke that has changed nothing so far."""

    touched: bool = False
    locked: set[int] = field(default_factory=set)
    outside_range: bool = False


def refusal(obstacles: Obstacles, verb: str, label: str, locked_names: str, range_text: str) -> Refusal:
    """The reason that counts: what the user can most likely do something about comes first.

    Args:
        obstacles: What stood in the way.
        verb: "painted" or "erased".
        label: Title of the active label, "" when erasing.
        locked_names: Titles of the locked labels that were hit.
        range_text: The HU range, for example "40 to 120 HU".
    """
    nothing = f"Nothing {verb}:"
    if not obstacles.touched:
        return Refusal("outside the scan", f"{nothing} the brush is outside the scan.", "Paint inside the image.")
    if obstacles.locked:
        return Refusal("label locked", f"{nothing} {locked_names} is locked.", "Unlock it in the list of labels.")
    if obstacles.outside_range:
        text = f"{nothing} no voxel here lies in {range_text}."
        return Refusal("outside the HU range", text, "Widen the HU range or turn it off (I).")
    if not label:
        return Refusal("already this label", f"{nothing} there is no label here.", "Erase where a label is.")
    return Refusal("already this label", f"{nothing} this is already {label}.", "Choose another label (Q, W).")
