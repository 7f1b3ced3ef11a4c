"""Chests for training: a balanced mixture of findings, each with its size, side and lobe."""

from __future__ import annotations

import numpy as np

from ctstudio.core.seeds import stream
from ctstudio.phantom.findings import SIDES, SIZES

NORMAL_SHARE = 0.15
FINDING_SHARE = 0.25
WHERE: dict[str, tuple[str, ...]] = {
    "effusion": (*SIDES, "bilateral"),
    "cardiomegaly": (),
    "emphysema": (),
    "consolidation": ("left-upper", "left-lower", "right-upper", "right-middle", "right-lower"),
    "nodule": SIDES,
}
"""Findings of the mixture, with the places each is drawn from."""


def draw_chest_findings(seed: int) -> dict[str, str]:
    """Findings to ask `make_patient` for, as values such as "large-right-middle"; {} is a normal chest.

    About 15 % are normal; in the others each finding is there in about a quarter, independently of the rest, every
    size and place as often as any other. What the seed alone would give a patient has no part in it.
    """
    rng = stream(seed, "chest population")
    if rng.random() < NORMAL_SHARE:
        return {}
    drawn: dict[str, str] = {}
    while not drawn:
        drawn = {name: _value(rng, where) for name, where in WHERE.items() if rng.random() < FINDING_SHARE}
    return drawn


def _value(rng: np.random.Generator, where: tuple[str, ...]) -> str:
    size = str(rng.choice(SIZES))
    return f"{size}-{rng.choice(where)}" if where else size
