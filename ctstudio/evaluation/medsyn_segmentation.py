"""How well a MedSyn model reads the structures of a chest CT, with the patient's report and without."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ctstudio.core.errors import EngineError
from ctstudio.core.labels import LUNG_LOBES, LabelMap
from ctstudio.evaluation.chest_figures import Figures
from ctstudio.evaluation.kept import kept_figures
from ctstudio.evaluation.medsyn_prompts import Asked
from ctstudio.evaluation.medsyn_volumes import KeptChest
from ctstudio.evaluation.requests import Generator
from ctstudio.measure.chest_anatomy import anatomy_of
from ctstudio.measure.overlap import dice
from ctstudio.protocol.request import Request, new_id

WITH_TEXT, WITHOUT_TEXT = "with text", "without text"
STRUCTURES = ("airway", "lobes", "vessels")


def segmentation_dice(
    asked: Asked, chest: KeptChest, model: str, parameters: Mapping[str, Any], generate: Generator, text: bool
) -> Figures:
    """Dice of each structure that a model reads in a chest whose structures are known; of the lobes the mean.

    Raises:
        CtStudioError: The engine's, or the result lacks its labels.
    """
    words = {"text": asked.text, "impression": asked.impression} if text else {}
    told = {**words, "seed": asked.seed, "count": 1, **parameters}
    result = generate(Request(new_id(), "medsyn", "segment", model, told, {"scan": chest.ct}))
    read = result.samples[0].outputs.get("labels") if result.samples else None
    if not isinstance(read, LabelMap):
        raise EngineError(f"{model} gave no labels.", "Look at it with 'ctstudio models check'.")
    ours, truth = anatomy_of(read), anatomy_of(chest.labels)
    lobes = [dice(ours.lobes == n, truth.lobes == n) for n in range(1, len(LUNG_LOBES) + 1)]
    values = dice(ours.airway, truth.airway), sum(lobes) / len(lobes), dice(ours.vessels, truth.vessels)
    return {name: round(float(value), 4) for name, value in zip(STRUCTURES, values, strict=True)}


def kept_dice(
    pairs: Sequence[tuple[Asked, KeptChest]],
    model: str,
    parameters: Mapping[str, Any],
    generate: Generator,
    folder: Path,
    text: bool,
) -> list[Figures]:
    """Such figures of several chests, each kept in a folder."""
    return [
        kept_figures(
            folder / f"{number:04d}.json",
            lambda asked=asked, chest=chest: segmentation_dice(asked, chest, model, parameters, generate, text),  # type: ignore[misc]
        )
        for number, (asked, chest) in enumerate(pairs)
    ]
