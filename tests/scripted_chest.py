"""Chests as the scripted engine makes them: two lungs whose air gives way to the words of the report."""

from __future__ import annotations

import numpy as np

from ctstudio.core.grid import Grid
from ctstudio.core.labels import LabelMap, standard_table
from ctstudio.core.provenance import Provenance, digest
from ctstudio.core.seeds import stream
from ctstudio.core.volume import Volume
from ctstudio.protocol.request import Request
from ctstudio.protocol.result import Sample

SIDE = 48
GRID = Grid.centred((SIDE,) * 3, (316 / SIDE, 316 / SIDE, 292 / SIDE))
TABLE = standard_table()


def sample_of(request: Request, number: int) -> Sample:
    """A chest for a report, or the structures of a scan."""
    seed = int(request.parameters["seed"]) + number - 1
    told = dict(request.parameters)
    given = {name: {"sha256": digest(value.array)} for name, value in request.inputs.items()}
    if request.task == "segment":
        scan = request.inputs["scan"]
        labels = LabelMap(lobes(scan.grid), scan.grid, TABLE, synthetic=False)
        provenance = Provenance(request.system, request.task, told, seed, request.model, inputs=given)
        return Sample(seed, {"labels": labels}, {}, provenance)
    words = f"{told['text']} {told['impression']}".lower()
    labels = lobes(GRID, fluid="left" if "left" in words and "effusion" in words else "")
    provenance = Provenance(request.system, request.task, told, seed, request.model, inputs=given)
    ct = Volume(chest(labels, seed), GRID, synthetic=True)
    measures = {"cardiothoracic_ratio": 0.7 if "enlarged" in words else 0.48}
    return Sample(seed, {"ct": ct, "labels": LabelMap(labels, GRID, TABLE, synthetic=True)}, measures, provenance)


def lobes(grid: Grid, fluid: str = "") -> np.ndarray:
    """(z, y, x) uint8 of four lobes, airway and vessels; the lower left one is gone where there is fluid."""
    z, y, x = np.meshgrid(*(np.linspace(-1, 1, n) for n in grid.shape), indexing="ij")
    labels = np.zeros(grid.shape, np.uint8)
    for side, centre in (("left", 0.4), ("right", -0.4)):
        lung = ((x - centre) / 0.3) ** 2 + (y / 0.5) ** 2 + (z / 0.75) ** 2 < 1
        labels[lung & (z > 0)] = TABLE.by_name(f"lung_upper_lobe_{side}").value
        labels[lung & (z <= 0)] = 0 if side == fluid else TABLE.by_name(f"lung_lower_lobe_{side}").value
    labels[(x**2 + (y + 0.1) ** 2 < 0.006) & (z > 0.1)] = TABLE.by_name("bronchi").value
    branches = (np.abs(np.sin(9 * z + 4 * x)) < 0.12) & (np.abs(y) < 0.15) & (labels > 0)
    labels[branches] = TABLE.by_name("lung_vessels").value
    return labels


def chest(labels: np.ndarray, seed: int) -> np.ndarray:
    """(z, y, x) HU, int16: a body with air in the lobes, and noise of the seed."""
    _, y, x = np.meshgrid(*(np.linspace(-1, 1, n) for n in labels.shape), indexing="ij")
    ct = np.where((x / 0.9) ** 2 + (y / 0.65) ** 2 < 1, 40.0, -1000.0)
    ct[labels > 0] = -820.0
    ct[labels == TABLE.by_name("lung_vessels").value] = 20.0
    return np.asarray(ct + stream(seed, "scripted chest").normal(0, 15, labels.shape), np.int16)


def preview(made: Sample, coarse: bool) -> Volume:
    """The chest on its way: on coarse voxels first."""
    image = made.outputs.get("ct") or made.outputs["labels"]
    if not coarse:
        return Volume(image.array.astype(np.float32), image.grid, synthetic=True)
    step = 3
    spacing = tuple(mm * step for mm in image.grid.spacing_mm)
    grid = Grid.centred(image.array[::step, ::step, ::step].shape, spacing)
    return Volume(image.array[::step, ::step, ::step].astype(np.float32), grid, synthetic=True)
