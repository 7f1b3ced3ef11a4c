"""A shelf of models that are described and have no weights; enough for the window and a scripted engine."""

from __future__ import annotations

from pathlib import Path

from ctstudio.catalog.model_card import ModelInfo, Range, Ranges
from ctstudio.catalog.shelf import Model, Shelf

_WIDE = Range(low=0.1, high=1000.0)


def model(system: str, folder: Path, **changes: object) -> Model:
    """A demo model of a system."""
    ranges = Ranges(region="chest", fov_mm=_WIDE, spacing_mm=_WIDE, dose=Range(low=0.05, high=1.0), labels=[])
    title = {"medsyn": "MedSyn", "na_diff": "NA-Diff", "meddiff_fm": "MedDiff-FM"}[system]
    info = ModelInfo(
        name=f"{system}-scripted", size="demo", title=title, system=system, ranges=ranges,
        trained_on="Nothing: a script answers for it.", **changes,
    )  # fmt: skip
    return Model(info, folder)


def shelf(folder: Path) -> Shelf:
    """One model of each system."""
    return Shelf((model("na_diff", folder), model("medsyn", folder)), ())
