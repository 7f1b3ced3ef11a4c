"""The volumes of an evaluation: generated, or rendered from phantoms beside them, each kept on the disk as it comes."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ctstudio.core.errors import EngineError
from ctstudio.core.grid import Grid
from ctstudio.core.labels import AIRWAY, LUNG_LOBES, LUNG_VESSELS, LabelMap, standard_table, values_of
from ctstudio.core.volume import Volume
from ctstudio.evaluation.kept import written
from ctstudio.evaluation.medsyn_prompts import Asked, Findings
from ctstudio.evaluation.requests import Generator
from ctstudio.phantom.chest_grid import chest_grid
from ctstudio.phantom.chest_structures import chest_structures
from ctstudio.phantom.patient import make_patient
from ctstudio.phantom.render import render
from ctstudio.protocol.request import Request, new_id

CT, LABELS = "ct", "labels"


@dataclass(frozen=True)
class KeptChest:
    """A CT with the structures it was made with, on one grid."""

    ct: Volume
    labels: LabelMap


def generated_chest(asked: Asked, model: str, parameters: Mapping[str, Any], generate: Generator) -> KeptChest:
    """What a model makes of a text.

    Raises:
        CtStudioError: The engine's, or the result lacks an image.
    """
    told = {"text": asked.text, "impression": asked.impression, "seed": asked.seed, "count": 1, **parameters}
    result = generate(Request(new_id(), "medsyn", "generate", model, told))
    outputs = result.samples[0].outputs if result.samples else {}
    ct, labels = outputs.get(CT), outputs.get(LABELS)
    if not isinstance(ct, Volume) or not isinstance(labels, LabelMap):
        raise EngineError(f"{model} gave no CT with labels.", "Look at it with 'ctstudio models check'.")
    return KeptChest(ct, labels)


def phantom_chest(seed: int, findings: Findings, size: int) -> KeptChest:
    """A phantom with some findings on the grid that generated chests have."""
    patient = make_patient(seed, "chest", findings)
    phantom = render(patient, chest_grid(patient, size), pet=False, mr=False)
    found, grid = chest_structures(phantom), phantom.ct.grid
    drawn = np.asarray([0, *values_of(LUNG_LOBES)], np.uint8)[found.lobes]
    drawn[found.airway], drawn[found.vessels] = values_of([AIRWAY[-1], LUNG_VESSELS])
    return KeptChest(phantom.ct, LabelMap(drawn, grid, standard_table(), synthetic=True))


def kept_chest(path: Path, make: Callable[[], KeptChest]) -> KeptChest:
    """The chest in a file; made and written first when there is none, or half of one.

    Raises:
        StorageError: The file cannot be written.
    """
    if path.is_file():
        try:
            return _read(path)
        except (OSError, ValueError, KeyError, zipfile.BadZipFile):
            path.unlink(missing_ok=True)
    chest = make()
    grid = chest.ct.grid
    place = [*grid.spacing_mm, *grid.origin_mm]
    arrays = {CT: np.rint(chest.ct.array).astype(np.int16), LABELS: chest.labels.array, "place": np.asarray(place)}
    written(path, lambda partial: np.savez_compressed(partial, **arrays))
    return chest


def _read(path: Path) -> KeptChest:
    with np.load(path) as stored:
        ct, labels, place = stored[CT], stored[LABELS], stored["place"].tolist()
    grid = Grid(ct.shape, tuple(place[:3]), tuple(place[3:]))
    return KeptChest(Volume(ct, grid, synthetic=True), LabelMap(labels, grid, standard_table(), synthetic=True))
