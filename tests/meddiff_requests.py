"""Requests to MedDiff-FM about a small patient: a trunk of 120 x 120 x 84 mm with a liver, a spleen and a lesion."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from ctstudio.core.grid import Grid
from ctstudio.core.labels import LabelMap, standard_table, values_of
from ctstudio.core.volume import Volume
from ctstudio.protocol.request import Request, new_id

GRID = Grid((14, 20, 20), (6.0, 6.0, 6.0), (-60.0, -60.0, 10.0))
BODY, LIVER, SPLEEN, LESION = values_of(["body", "liver", "spleen", "liver_lesion"])


def anatomy(grid: Grid = GRID, body: bool = True) -> LabelMap:
    array = np.zeros(grid.shape, np.uint8)
    depth, rows, columns = grid.shape
    if body:
        array[:, rows // 8 : -rows // 8, columns // 8 : -columns // 8] = BODY
    array[depth // 4 : -depth // 4, rows // 4 : rows // 2, columns // 4 : columns // 2] = LIVER
    array[depth // 4 : -depth // 4, rows // 4 : rows // 2, columns // 2 + 2 : columns // 2 + 6] = SPLEEN
    return LabelMap(array, grid, standard_table(), synthetic=True, name="anatomy")


def scan(grid: Grid = GRID, noise_hu: float = 20.0, dtype: type = np.int16) -> Volume:
    """Liver 100 HU, other tissue 40 HU, air, a few voxels of bone and contrast beyond every window, with noise."""
    labels = anatomy(grid).array
    hu = np.select([labels == 0, labels == LIVER], [-1000.0, 100.0], 40.0)
    hu[labels > 0] += np.random.default_rng(0).normal(0, noise_hu, int((labels > 0).sum()))
    depth, rows, columns = grid.shape
    hu[depth // 2, rows - rows // 4, columns // 2] = 1700.0
    return Volume(np.rint(hu).astype(dtype), grid, synthetic=True, name="scan")


def lesion(grid: Grid = GRID, value: int = LESION) -> LabelMap:
    depth, rows, columns = grid.shape
    array = np.zeros(grid.shape, np.uint8)
    array[depth // 2 - 2 : depth // 2 + 2, rows // 3 : rows // 3 + 4, columns // 3 : columns // 3 + 4] = value
    return LabelMap(array, grid, standard_table(), synthetic=True, name="lesion")


def request(task: str, model: Path | str, inputs: dict[str, Any], **parameters: Any) -> Request:
    from ctstudio.catalog.cards import card

    values = card("meddiff_fm", task).validated(parameters)
    return Request(new_id(), "meddiff_fm", task, str(model), values, inputs, "cpu", "fp32")
