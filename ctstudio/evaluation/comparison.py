"""Two collections compared: every metric that was asked for, each with what it stands on."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ctstudio.core.errors import InputError
from ctstudio.core.working_grid import FieldOfView
from ctstudio.evaluation.cases import EvaluatedCase, case_slices, on_model_grid
from ctstudio.evaluation.distributions import distribution_figures
from ctstudio.evaluation.images import Collection, EvaluatedSlice, check_collections, grey, pairs_of
from ctstudio.evaluation.instruments import Instruments
from ctstudio.evaluation.metrics import Figure, Metric
from ctstudio.evaluation.pairs import pair_figures
from ctstudio.evaluation.report import Report
from ctstudio.evaluation.segmentation import Reader, overlap_figures

NO_MASKS = "no synthetic scan comes with its labels"


@dataclass(frozen=True)
class Side:
    """One side of a comparison.

    Attributes:
        slices: What encoders see.
        images_hu, labels: (N, y, x) slices with labels on the model's grid, for its segmenter; N may be 0.
    """

    slices: Collection
    images_hu: NDArray[np.float32] = field(default_factory=lambda: np.zeros((0, 1, 1), np.float32))
    labels: NDArray[np.uint8] = field(default_factory=lambda: np.zeros((0, 1, 1), np.uint8))


def side_of(cases: Iterable[EvaluatedCase], view: FieldOfView | None, most: int) -> Side:
    """Cases, read one by one, as a side; with `view`, also as a segmenter sees them; at most `most` slices a case."""
    slices: list[EvaluatedSlice] = []
    images: list[NDArray[np.float32]] = []
    labels: list[NDArray[np.uint8]] = []
    for case in cases:
        slices += case_slices(case, most)
        if view is not None:
            seen = on_model_grid(case, view, most)
            images.append(seen[0])
            labels.append(seen[1])
    return Side(slices, np.concatenate(images), np.concatenate(labels)) if images else Side(slices)


def compared(
    real: Side, synthetic: Side, metrics: Sequence[Metric], instruments: Instruments, reader: Reader
) -> Report:
    """Measure synthetic slices against real ones.

    Raises:
        InputError: One side is empty, both cannot be compared, or none of the metrics could be measured.
        IntensityError: NaN or infinite pixels, or tiny slices.
    """
    notes = list(check_collections(real.slices, synthetic.slices))
    of: dict[str, list[Metric]] = {}
    for metric in metrics:
        of.setdefault(metric.group, []).append(metric)
    figures: list[Figure] = []
    if "distribution" in of:
        greys = [[grey(one) for one in side.slices] for side in (real, synthetic)]
        figures += distribution_figures(greys[0], greys[1], of["distribution"], instruments)
    if "paired" in of:
        pairs = pairs_of(real.slices, synthetic.slices)
        if 0 < len(pairs) < len(synthetic.slices):
            notes.append(f"{len(pairs)} of {len(synthetic.slices)} synthetic slices have a real one of the same name.")
        figures += pair_figures(pairs, of["paired"], instruments)
    if "quality" in of:
        figures += _quality_figures(real.slices, synthetic.slices, of["quality"][0], instruments)
    if "overlap" in of:
        figures += _overlap(real, synthetic, of["overlap"], reader)
    if all(figure.value is None for figure in figures):
        why = "; ".join(f"{figure.title} {figure.note}" for figure in figures[:3])
        raise InputError(f"Nothing could be measured: {why}.", "Give what these metrics need, or choose others.")
    return Report(tuple(figures), tuple(notes))


def _quality_figures(real: Collection, synthetic: Collection, metric: Metric, instruments: Instruments) -> list[Figure]:
    """Of both sides, and the gap between their means."""
    quality = instruments.quality
    more: dict[str, Any] = {"unit": quality.unit, "measured_by": quality.name, "published": quality.published}
    if real[0].unit != "HU":
        return [Figure.of(metric, None, note="needs HU", **more)]
    scores = [np.array([quality.score(one.image) for one in side]) for side in (real, synthetic)]
    rows = [
        Figure.of(metric, float(s.mean()), sd=float(s.std()), count=len(s), note=f"{name} slices", **more)
        for name, s in zip(("real", "synthetic"), scores, strict=True)
    ]
    gap = abs(float(scores[0].mean() - scores[1].mean()))
    count = min(len(each) for each in scores)
    return [*rows, Figure("iqa-gap", "IQA gap", gap, count=count, better="lower", **more)]


def _overlap(real: Side, synthetic: Side, metrics: Sequence[Metric], reader: Reader) -> list[Figure]:
    """Of the synthetic slices; then, where real ones come with labels, what the segmenter reaches on them."""
    if not len(synthetic.images_hu):
        return [Figure.of(metric, None, measured_by=reader.name, note=NO_MASKS) for metric in metrics]
    organs = overlap_figures(reader, synthetic.images_hu, synthetic.labels, metrics)
    if not organs:
        return [Figure.of(metric, None, measured_by=reader.name, note="no organ that it knows") for metric in metrics]
    reached = overlap_figures(reader, real.images_hu, real.labels, metrics) if len(real.images_hu) else {}
    rows = [figure for each in organs.values() for figure in each]
    for figure in (each for organ in organs for each in reached.get(organ, [])):
        rows.append(replace(figure, title=f"{figure.title}, real slices"))
    return rows


def pictures_side(pictures: Sequence[tuple[str, NDArray[np.uint8]]]) -> Side:
    """Grey pictures (y, x) with their names as a side."""
    return Side([EvaluatedSlice(name, np.asarray(picture, np.float32), "grey") for name, picture in pictures])
