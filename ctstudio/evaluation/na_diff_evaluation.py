"""A whole evaluation of NA-Diff models as in the paper, from held-out slices to everything its tables need."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ctstudio.catalog.shelf import Model
from ctstudio.core.working_grid import FieldOfView
from ctstudio.evaluation.cases import slices_for_testing
from ctstudio.evaluation.held_out import HeldOut
from ctstudio.evaluation.kept import open_folder
from ctstudio.evaluation.na_diff import DOSES, follows_in_place
from ctstudio.evaluation.na_diff_downstream import DownstreamSettings, downstream_figures
from ctstudio.evaluation.na_diff_paper import (
    REFERENCE,
    TABLE_SEEDS,
    Judge,
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
from ctstudio.systems.na_diff.config import NaDiffConfig
from ctstudio.systems.na_diff.weights import NaDiffModel

KEPT = "slices"
"""Folder of the slices that were generated, inside the folder of an evaluation."""


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
        candidates: A column each. The downstream task uses the first that is told where labels lie, else the first
            that hears the mask at all; there is none for models of noise alone.
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
    columns: dict[str, Any] = {}
    curves: dict[str, Any] = {}
    views = list(dict.fromkeys(each.model.info.field_of_view for each in candidates))
    for view in views:
        alike = [each for each in candidates if each.model.info.field_of_view == view]
        found = _columns(alike, judge, settings, data, folder / KEPT, told)
        size = f", {view.pixel_mm:g} mm" if len(views) > 1 else ""
        curves[f"real{size}"] = found.pop("real")
        columns |= {f"{name}{size}" if name == REFERENCE else name: column for name, column in found.items()}
    teacher = teaching_model([each.loaded for each in candidates])
    taught = None
    if downstream is not None and teacher is not None:
        taught = downstream_figures(teacher, downstream, folder / KEPT / "downstream", told)
    return {
        "title": "NA-Diff: the paper's tables",
        "settings": made_with,
        "notes": _notes(next(iter(curves.values()))["slices"], settings, judge, data),
        "quality": {key: getattr(judge.instruments.quality, key) for key in ("name", "unit", "published")},
        "real": curves,
        "columns": columns,
        "downstream": taught,
    }


def teaching_model(models: Sequence[NaDiffModel]) -> NaDiffModel | None:
    """The model whose slices a segmenter may learn from: they must show what their masks say."""
    in_place = [model for model in models if follows_in_place(model)]
    hearing = [model for model in models if "mask" in model.config.conditions]
    return next(iter([*in_place, *hearing]), None)


def _columns(
    candidates: Sequence[Candidate],
    judge: Judge,
    settings: PaperSettings,
    data: Path | None,
    kept_in: Path,
    told: Told,
) -> dict[str, Any]:
    """Figures of models that see slices of the same size, by name, of the reference, and the curves of "real"."""
    config = candidates[0].loaded.config
    place = kept_in / f"real_{config.image_size}_{config.pixel_mm:g}"
    told(0, 1, "Taking held-out slices")
    slices = _slices(config, settings, data, place)
    real, again = (real_slices(slices, config, place, number) for number in (0, 1))
    columns = {}
    for each in candidates:
        name = each.model.info.name
        made = generated_slices(each.loaded, slices, settings, kept_in / name, told)
        told(0, 1, f"Measuring {name}")
        columns[name] = model_figures(real, made, slices, judge, config, follows_in_place(each.loaded))
    told(0, 1, "Measuring the reference")
    columns[REFERENCE] = model_figures(real, again, slices, judge, config)
    livers = dict.fromkeys(DOSES, slices.liver())
    curves = dose_curves(real, livers, judge.instruments, config.pixel_mm)
    return {**columns, "real": {"slices": len(slices.labels), **curves}}


def _settings(
    candidates: Sequence[Candidate], settings: PaperSettings, downstream: DownstreamSettings | None, data: Path | None
) -> dict[str, Any]:
    return {
        **asdict(settings),
        "models": digests_of([each.model for each in candidates]),
        "data": str(data.resolve()) if data else "phantoms",
        "downstream": asdict(downstream) if downstream else None,
    }


def _slices(config: NaDiffConfig, settings: PaperSettings, data: Path | None, place: Path) -> HeldOut:
    if data is not None:
        return slices_for_testing(data, settings.slices, FieldOfView(config.image_size, config.pixel_mm))
    return phantom_slices(settings.slices, TABLE_SEEDS, config, place)


def _notes(count: int, settings: PaperSettings, judge: Judge, data: Path | None) -> list[str]:
    """What a reader must know before comparing anything."""
    source = f"test cases of {data.name}" if data else f"phantoms from seed {TABLE_SEEDS} on, which no model has seen"
    told_of = "all labels" if settings.painted == "all" else "the liver alone"
    stand_ins = [one.name for one in judge.instruments.all() if not one.published]
    notes = [
        f"Real: {count} slices of {source}, each at {len(DOSES)} doses.",
        f"Synthetic: the same masks and doses, {told_of} painted.",
        f"{REFERENCE.capitalize()}: the same slices with other photon noise; what the best of all models would score.",
        "The same patients are on both sides. A kernel distance, unbiased only for strangers, may then be below 0.",
        f"Masks are read by the {judge.reader.name}. The noise of models that are not told where the liver lies is "
        "measured where it is read.",
        f"The paper's figures are of patients' scans; its test scans score {REAL_IQA} on LDCT-IQA.",
    ]
    if stand_ins:
        notes.insert(
            0,
            f"Figures by {', '.join(dict.fromkeys(stand_ins))} are not comparable with published figures; "
            "they rank models among each other. --weights DIR takes the published networks.",
        )
    return notes
