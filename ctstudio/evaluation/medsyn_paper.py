"""What the MedSyn paper measures, on volumes of a model and on phantoms beside them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ctstudio.core.errors import ParameterError
from ctstudio.evaluation.chest_figures import Figures, chest_figures
from ctstudio.evaluation.kept import kept_figures
from ctstudio.evaluation.medsyn_prompts import AGAIN, Arm, Asked, Findings
from ctstudio.evaluation.medsyn_volumes import (
    KeptChest,
    generated_chest,
    kept_chest,
    phantom_chest,
)
from ctstudio.evaluation.requests import Generator
from ctstudio.systems.medsyn.reading import ChestReader

PHANTOMS, MODEL = "phantoms", "model"
PARTS = ("effusion", "cardiomegaly", "bullae", "consolidation", "reports", "segmentation", "classifier")
"""Of an evaluation; all but the last three are prompts."""

Told = Callable[[float, float, str], None]
"""Called with how far the work is, out of what, and words."""


@dataclass(frozen=True)
class MedsynSettings:
    """What is generated.

    Attributes:
        volumes: Of each prompt, and of whole reports.
        parts: What is evaluated, among `PARTS`.
        segmented: Scans whose structures the model reads, with their report and without.
        training: Real volumes that the classifiers learn from.
        parameters: Of the card, changed from their defaults, for example {"upscale_steps": 5}.
    """

    volumes: int = 32
    parts: tuple[str, ...] = PARTS
    segmented: int = 16
    training: int = 20
    parameters: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.volumes < 2:
            raise ParameterError(f"{self.volumes} volumes are too few for a table.", "Choose at least 2.")
        unknown = [part for part in self.parts if part not in PARTS]
        if unknown or not self.parts:
            raise ParameterError(f"Nothing is known of {unknown or 'no part'}.", f"Choose from {', '.join(PARTS)}.")


@dataclass(frozen=True)
class Bench:
    """What every volume is made and measured with.

    Attributes:
        model: Name or folder, for requests.
        generate: That works requests off.
        reader: That reads volumes.
        side: Voxels along each side of the model's volumes, and of the phantoms beside them.
        settings: Of the evaluation.
        folder: Where everything is kept.
        told: See `Told`.
    """

    model: str
    generate: Generator
    reader: ChestReader
    side: int
    settings: MedsynSettings
    folder: Path
    told: Told

    def made(self, arm: Arm, number: int) -> KeptChest:
        """A volume of the model."""
        asked = arm.asked[number]
        path = self.folder / MODEL / arm.name.replace(" ", "_") / f"{number:04d}.npz"
        return kept_chest(path, lambda: generated_chest(asked, self.model, self.settings.parameters, self.generate))

    def phantom(self, seed: int, findings: Findings) -> KeptChest:
        """A phantom on a grid like the model's."""
        name = "_".join(f"{k}-{v}" for k, v in sorted(findings.items())) or "normal"
        path = self.folder / PHANTOMS / f"{seed}_{name}.npz"
        return kept_chest(path, lambda: phantom_chest(seed, findings, self.side))


def arm_figures(bench: Bench, arm: Arm, done: int, total: int) -> list[Figures]:
    """What the model's volumes of an arm show."""
    rows = []
    for number in range(len(arm.asked)):
        bench.told(done + number, total, f"{arm.name}, volume {number + 1} of {len(arm.asked)}")
        path = bench.folder / MODEL / arm.name.replace(" ", "_") / f"{number:04d}.json"
        rows.append(kept_figures(path, lambda number=number: _figures(bench.made(arm, number), bench.reader)))  # type: ignore[misc]
    return rows


def phantom_figures(bench: Bench, arm: Arm) -> list[Figures]:
    """What phantoms with the findings of an arm show, read in the same way: what the instrument itself gets wrong."""
    rows = []
    for asked, seed in zip(arm.asked, arm.patients, strict=True):
        path = bench.folder / PHANTOMS / "figures" / f"{seed}_{arm.name.replace(' ', '_')}.json"
        rows.append(
            kept_figures(
                path,
                lambda asked=asked, seed=seed: _figures(bench.phantom(seed, asked.findings), bench.reader),  # type: ignore[misc]
            )
        )
    return rows


def said_once(arms: Sequence[Arm]) -> list[Arm]:
    """Without the arms that say others again: phantoms do not hear words."""
    return [arm for arm in arms if not arm.name.endswith(AGAIN)]


def _figures(chest: KeptChest, reader: ChestReader) -> Figures:
    return chest_figures(chest.ct, chest.labels, reader)


def pairs_of(bench: Bench, arm: Arm, count: int) -> list[tuple[Asked, KeptChest]]:
    """The first reports of an arm with the patients they are about."""
    rows = list(zip(arm.asked, arm.patients, strict=True))[:count]
    return [(asked, bench.phantom(seed, asked.findings)) for asked, seed in rows]
