"""Figures of pairs, a real and a synthetic image of the same name: LPIPS, SSIM, PSNR, MAE."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from ctstudio.evaluation.images import EvaluatedSlice, grey
from ctstudio.evaluation.instruments import Instruments
from ctstudio.evaluation.metrics import Figure, Metric
from ctstudio.measure.similarity import ABDOMEN_HU, mae_hu, psnr_db, ssim

NO_PAIRS = "no real image has the name and the size of a synthetic one"
GREY_LEVELS = (0.0, 255.0)
LEAST_LPIPS_SIDE = 64

Pair = tuple[EvaluatedSlice, EvaluatedSlice]


def pair_figures(pairs: Sequence[Pair], metrics: Sequence[Metric], instruments: Instruments) -> list[Figure]:
    """Mean and standard deviation over the pairs, a figure a metric; without a value where there is no pair.

    SSIM, PSNR and MAE look through the soft tissue window, so that they judge what a model can draw.
    """
    return [_figure(pairs, metric, instruments) for metric in metrics]


def _figure(pairs: Sequence[Pair], metric: Metric, instruments: Instruments) -> Figure:
    learnt = metric.name == "lpips"
    by = instruments.perceptual.name if learnt else "soft tissue window"
    unit = "grey levels" if metric.name == "mae" and pairs and pairs[0][0].unit == "grey" else metric.unit
    if not pairs:
        return Figure.of(metric, None, measured_by=by, unit=unit, note=NO_PAIRS)
    if learnt and min(min(real.image.shape) for real, _ in pairs) < LEAST_LPIPS_SIDE:
        why = f"needs images of at least {LEAST_LPIPS_SIDE} pixels"
        return Figure.of(metric, None, count=len(pairs), measured_by=by, unit=unit, note=why)
    measured = _measure(metric, instruments)
    values = np.array([measured(real, synthetic) for real, synthetic in pairs])
    published = instruments.perceptual.published or not learnt
    note = ""
    if np.isinf(values).any():
        note = f"{int(np.isinf(values).sum())} pairs are equal and left out"
        values = values[np.isfinite(values)]
    if not values.size:
        return Figure.of(metric, None, count=len(pairs), measured_by=by, unit=unit, note="all pairs are equal")
    mean, sd = float(values.mean()), float(values.std())
    return Figure.of(metric, mean, sd=sd, count=len(pairs), unit=unit, measured_by=by, published=published, note=note)


def _measure(metric: Metric, instruments: Instruments) -> Callable[[EvaluatedSlice, EvaluatedSlice], float]:
    def through(real: EvaluatedSlice) -> tuple[float, float]:
        return ABDOMEN_HU if real.unit == "HU" else GREY_LEVELS

    measures: dict[str, Callable[[EvaluatedSlice, EvaluatedSlice], float]] = {
        "lpips": lambda a, b: instruments.perceptual.distance(grey(a), grey(b)),
        "ssim": lambda a, b: ssim(a.image, b.image, through(a)),
        "psnr": lambda a, b: psnr_db(a.image, b.image, through(a)),
        "mae": lambda a, b: mae_hu(np.clip(a.image, *through(a)), np.clip(b.image, *through(a))),
    }
    return measures[metric.name]
