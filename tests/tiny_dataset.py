"""A prepared data set of a few small cases, written by hand: numbers in, no scanner, no builder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from ctstudio.catalog.dataset import Case, DatasetInfo, Part
from ctstudio.core.grid import Grid
from ctstudio.core.labels import values_of

GRID = Grid.centred((4, 60, 70), (5.0, 4.0, 6.0))
"""Voxels unlike each other along every axis."""

BODY, LIVER, LESION = values_of(["body", "liver", "lesion"])
CUBE_HU = 180
CUBE = (slice(1, 3), slice(20, 26), slice(40, 48))
"""Where the bright lesion of every case lies, voxels (z, y, x)."""


def write_case(folder: Path, name: str, part: Part, grid: Grid = GRID, **changes: Any) -> Case:
    """A body of 30 HU in air with a liver and a bright cube in it; slice 0 holds no label."""
    place = folder / "cases" / name
    place.mkdir(parents=True)
    ct, labels = np.full(grid.shape, -1000, np.int16), np.zeros(grid.shape, np.uint8)
    ct[:, 8:52, 8:62], labels[1:, 8:52, 8:62] = 30, BODY
    ct[:, 14:34, 34:56], labels[1:, 14:34, 34:56] = 60, LIVER
    ct[CUBE], labels[CUBE] = CUBE_HU, LESION
    np.save(place / "ct.npy", ct)
    np.save(place / "labels.npy", labels)
    facts: dict[str, Any] = {
        "name": name,
        "patient": f"patient of {name}",
        "part": part,
        "files": {"ct": f"cases/{name}/ct.npy", "labels": f"cases/{name}/labels.npy"},
        "shape": grid.shape,
        "spacing_mm": grid.spacing_mm,
        "origin_mm": grid.origin_mm,
        "direction": grid.direction,
        "label_voxels": {"body": int((labels == BODY).sum()), "lesion": int((labels == LESION).sum())},
        "digest": name,
    }
    return Case.model_validate({**facts, **changes})


def write_dataset(folder: Path, *cases: Case) -> Path:
    """`dataset.json` over some cases, or over two that are written now: one for training, one for validation."""
    found = cases or (write_case(folder, "a", "train"), write_case(folder, "b", "validation"))
    DatasetInfo(name="tiny", source="by hand", seed=0, cases=tuple(found)).write(folder)
    return folder
