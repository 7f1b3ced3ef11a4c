"""Small folders of masks, and a model that knows a few labels, for tests of batches."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ctstudio.catalog.batch import BatchSettings
from ctstudio.catalog.cards import card
from ctstudio.catalog.model_card import ModelInfo, Range, Ranges
from ctstudio.catalog.sweeps import sweeps_from
from ctstudio.core.grid import Grid
from ctstudio.core.labels import LabelMap, standard_table, values_of
from ctstudio.io.writing import write_labels

GRID = Grid.centred((8, 40, 48), (8.0, 8.0, 5.0))
LIVER, SPLEEN, PANCREAS, BODY = values_of(["liver", "spleen", "pancreas", "body"])
KNOWN = ("body", "liver", "spleen")


def model_info(labels: tuple[str, ...] = KNOWN) -> ModelInfo:
    """A model without weights that knows some labels."""
    ranges = Ranges(
        region="abdomen",
        fov_mm=Range(low=300, high=420),
        spacing_mm=Range(low=1, high=8),
        dose=Range(low=0.05, high=1),
        labels=list(labels),
    )
    return ModelInfo(name="few", size="paper", title="Few", system="na_diff", ranges=ranges, files={"w": "0" * 64})


def blocks(slices: tuple[int, ...] = (2, 3), values: tuple[int, ...] = (LIVER,), shift: int = 0) -> NDArray[np.uint8]:
    """Labels in columns, in some slices of the grid."""
    array = np.zeros(GRID.shape, np.uint8)
    for place, value in enumerate(values):
        left = 8 + shift + 10 * place
        array[list(slices), 12:28, left : left + 9] = value
    return array


def put_mask(path: Path, array: NDArray[np.uint8] | None = None, grid: Grid = GRID) -> Path:
    """Write a mask with our marks inside."""
    path.parent.mkdir(parents=True, exist_ok=True)
    labels = blocks() if array is None else array
    write_labels(LabelMap(labels, grid, standard_table()), path)
    return path


def settings(masks: Path, model: str = "few", lists: dict[str, str] | None = None, **more: Any) -> BatchSettings:
    """What is asked of a batch, quick to make."""
    task = card("na_diff", "generate")
    sweeps = sweeps_from(task, {"dose": "0.1, 0.5", "steps": "4", "guidance": "1", **(lists or {})})
    told = {"system": "na_diff", "task": "generate", "model": model, "masks": str(masks), "sweeps": sweeps, **more}
    return BatchSettings.model_validate(told)
