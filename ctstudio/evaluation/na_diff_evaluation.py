"""A whole evaluation of NA-Diff models as in the paper, from held-out slices to everything its tables need."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ctstudio.catalog.shelf import Model
from ctstudio.evaluation.cases import slices_for_testing
from ctstudio.evaluation.held_out import HeldOut
from ctstudio.evaluation.instruments import Instruments
from ctstudio.evaluation.kept import open_folder
from ctstudio.evaluation.na_diff import DOSES
from ctstudio.evaluation.na_diff_downstream import DownstreamSettings, downstream_figures
from ctstudio.evaluation.na_diff_paper import (
    REFERENCE,
    TABLE_SEEDS,
    PaperSettings,
    Told,
    digests_of,
    dose_curves,
    generated_slices,
    model_figures,
    phantom_slices,
    real_slices,
)
from ctstudio.evaluation.published import REAL_IQA
from ctstudio.evaluation.segmentation import Reader
from ctstudio.systems.na_diff.weights import NaDiffModel

KEPT = "slices"
"""Folder of the slices that were generated, inside the folder of an evaluation."""


@dataclass(frozen=True)
class Judge:
    """Who measures all models alike."""

    instruments: Instruments
    reader: Reader


@dataclass(frozen=True)
class Candidate:
    """A model that is evaluated."""

    model: Model
    loaded: NaDiffModel


def evaluate_models(
    candidates: Sequence[Candidate],
    judge: Judge,
    settings: PaperSettings,
    downstream: DownstreamSettings | None,
    data: Path | None,
    folder: Path,
    told: Told,
) -> dict[str, Any]:
    """Generate, measure, and say everything there is to say.

    Args:
        candidates: A column each. The downstream task uses the first.
        judge: That measures.
        settings: How much is generated.
        downstream: How the downstream task is done; None leaves it out.
        data: A prepared data set, whose test cases take the phantoms' place; None for phantoms.
        folder: What was generated is kept here, so that a stopped evaluation goes on.
        told: Called with how far the work is, out of what, and words.

    Returns:
        JSON values: `title`, `settings`, `notes`, `quality`, `real`, `columns` by model, `downstream`.

    Raises:
        InputError: The folder holds another evaluation, or the data no test case with a liver.
        StorageError: The folder cannot be written.
    """
    made_with = _settings(candidates, settings, downstream, data)
    open_folder(folder / KEPT, made_with)
    slices = _slices(candidates[0].loaded, settings, data, folder / KEPT / "real", told)
    real, again = (real_slices(slices, judge.reader, folder / KEPT / "real", number) for number in (0, 1))
    columns = {}
    for each in candidates:
        name = each.model.info.name
        made = generated_slices(each.loaded, slices, settings, folder / KEPT / name, told)
        told(0, 1, f"Measuring {name}")
        columns[name] = model_figures(real, made, slices, judge.instruments, judge.reader)
    told(0, 1, "Measuring the reference")
    columns[REFERENCE] = model_figures(real, again, slices, judge.instruments, judge.reader)
    first = candidates[0].loaded
    return {
        "title": "NA-Diff: the paper's tables",
        "settings": made_with,
        "notes": _notes(slices, settings, judge, data),
        "quality": {key: getattr(judge.instruments.quality, key) for key in ("name", "unit", "published")},
        "real": dose_curves(real, slices, judge.instruments),
        "columns": columns,
        "downstream": downstream and downstream_figures(first, downstream, folder / KEPT / "downstream", told),
    }


def _settings(
    candidates: Sequence[Candidate], settings: PaperSettings, downstream: DownstreamSettings | None, data: Path | None
) -> dict[str, Any]:
    return {
        **asdict(settings),
        "models": digests_of([each.model for each in candidates]),
        "data": str(data.resolve()) if data else "phantoms",
        "downstream": asdict(downstream) if downstream else None,
    }


def _slices(model: NaDiffModel, settings: PaperSettings, data: Path | None, folder: Path, told: Told) -> HeldOut:
    told(0, 1, "Taking held-out slices")
    if data is not None:
        return slices_for_testing(data, settings.slices, model.info.field_of_view)
    return phantom_slices(settings.slices, TABLE_SEEDS, model, folder)


def _notes(slices: HeldOut, settings: PaperSettings, judge: Judge, data: Path | None) -> list[str]:
    """What a reader must know before comparing anything."""
    source = f"test cases of {data.name}" if data else f"phantoms from seed {TABLE_SEEDS} on, which no model has seen"
    count = len(np.unique(slices.seeds))
    told_of = "all labels" if settings.painted == "all" else "the liver alone"
    stand_ins = [one.name for one in judge.instruments.all() if not one.published]
    notes = [
        f"Real: {count} slices of {source}, each at {len(DOSES)} doses: {count * len(DOSES)} images a column.",
        f"Synthetic: the same masks and doses, {told_of} painted.",
        f"{REFERENCE.capitalize()}: the same slices with other photon noise; what the best of all models would score.",
        f"Masks are read by the {judge.reader.name}.",
        f"The paper's figures are of patients' scans; its test scans score {REAL_IQA} on LDCT-IQA.",
    ]
    if stand_ins:
        notes.insert(
            0,
            f"Figures by {', '.join(dict.fromkeys(stand_ins))} are not comparable with published figures; "
            "they rank models among each other. --weights DIR takes the published networks.",
        )
    return notes
