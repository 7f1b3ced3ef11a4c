"""Anomalies in an organ: how well the model's differences tell lesions from the rest of it (table 5)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ctstudio.catalog.meddiff_organs import classes_of
from ctstudio.evaluation.kept import kept_packed
from ctstudio.evaluation.meddiff_paper import Bench
from ctstudio.evaluation.meddiff_phantoms import SEEDS, VALIDATION, RegionPhantom
from ctstudio.evaluation.meddiff_published import DETECTION, printed
from ctstudio.evaluation.meddiff_rows import NAN, Row
from ctstudio.measure.anomaly import score
from ctstudio.measure.roc import (
    ScoreCounts,
    area_interval,
    area_under_curve,
    curve,
    rates_at,
    score_counts,
    together,
    youden_threshold,
)
from ctstudio.phantom.lesion_kinds import LESIONS
from ctstudio.phantom.patient import Region

PART = "detection"
ORGANS = {"liver": "liver_lesion", "lung": "lung_nodule"}
"""Organs that are searched, each with the lesion that its patients have."""
PLAIN = "distance from the organ's median HU"
"""What needs no model: a lower bound that a model must beat."""
CURVE_POINTS = 200


@dataclass(frozen=True)
class Searched:
    """Scores of the voxels of an organ, one entry a patient: by the model, and by plain HU."""

    model: tuple[ScoreCounts, ...]
    plain: tuple[ScoreCounts, ...]


def detection_counts(bench: Bench) -> dict[str, tuple[Searched, Searched]]:
    """By organ the scores of the validation patients and of the test patients; kept one by one."""
    found = {}
    for organ in ORGANS:
        parts = []
        for first, count, words in (
            (VALIDATION, bench.settings.validation, "to choose a threshold"),
            (0, bench.settings.patients, "to judge"),
        ):
            pairs = []
            for n in range(count):
                bench.told(n, count, f"Anomalies of the {organ}: patient {n + 1} of {count} {words}")
                pairs.append(_patient(bench, organ, first + n))
            parts.append(Searched(tuple(p[0] for p in pairs), tuple(p[1] for p in pairs)))
        found[organ] = (parts[0], parts[1])
    return found


def detection_rows(bench: Bench, counted: dict[str, tuple[Searched, Searched]]) -> list[Row]:
    """AUC with its interval, and what the threshold of the validation patients gives on the test patients."""
    rows = []
    for organ, (validation, test) in counted.items():
        paper = DETECTION[organ]
        words: dict[str, Any] = {
            "beside_is": PLAIN,
            "measured_by": "voxels of the organ",
            "model": bench.model.info.name,
        }
        words["count"] = len(test.model)
        if not _both_kinds(test) or not _both_kinds(validation):
            rows.append(Row(PART, organ, "AUC", NAN, note="no lesion lies in the organ", **words))
            continue
        low, high = area_interval(test.model)
        areas = [area_under_curve(together(each)) for each in (test.model, test.plain)]
        rows.append(Row(PART, organ, "AUC", areas[0], low, high, beside=areas[1], paper=printed(paper["AUC"]), **words))
        rates = [
            rates_at(together(t), youden_threshold(together(v)))
            for v, t in ((validation.model, test.model), (validation.plain, test.plain))
        ]
        note = f"at {rates[0].threshold:.1f} HU, Youden's threshold on {len(validation.model)} other patients"
        for name in ("sensitivity", "specificity", "accuracy"):
            ours, plain = (getattr(each, name) for each in rates)
            rows.append(Row(PART, organ, name, ours, beside=plain, paper=printed(paper[name]), note=note, **words))
    return rows


def roc_curves(counted: dict[str, tuple[Searched, Searched]]) -> dict[str, dict[str, list[float]]]:
    """By organ the curves of the test patients: "false" and "true" of the model, and of plain HU."""
    found: dict[str, dict[str, list[float]]] = {}
    for organ, (_, test) in counted.items():
        if _both_kinds(test):
            found[organ] = {}
            for name, counts in (("model", test.model), ("plain", test.plain)):
                false, true = curve(together(counts))
                at = np.linspace(0.0, 1.0, CURVE_POINTS)
                found[organ] |= {f"{name} false": at.tolist(), f"{name} true": np.interp(at, false, true).tolist()}
    return found


def _patient(bench: Bench, organ: str, number: int) -> tuple[ScoreCounts, ScoreCounts]:
    kind, seed = ORGANS[organ], SEEDS[PART] + number
    sign = bench.settings.parameters.get("detect", {}).get("sign", "both")

    def counted() -> NDArray[np.int64]:
        phantom = bench.ill(seed, kind)
        region = _region(organ)
        told: dict[str, Any] = {"region": region, "organ": organ, "seed": seed}
        inputs: dict[str, Any] = {"scan": phantom.ct, "anatomy": phantom.labels}
        found, _ = bench.answer("detect", f"{organ}_{number:04d}", inputs, "anomaly", np.float16, **told)
        where = np.isin(phantom.anatomy, list(classes_of(organ)))
        plain = _from_median(phantom, where)
        truth, width = phantom.labels.of(kind) & where, bench.config.window(region).width_hu
        counts = [score_counts(s, truth, where, 0.0, width) for s in (score(found, sign), plain)]
        return np.stack([np.stack([c.negatives, c.positives]) for c in counts])

    stored = kept_packed(bench.place / PART / f"{organ}_{number:04d}.npz", counted)
    edges = np.linspace(0.0, bench.config.window(_region(organ)).width_hu, stored.shape[-1] + 1)
    return ScoreCounts(edges, *stored[0]), ScoreCounts(edges, *stored[1])


def _from_median(phantom: RegionPhantom, where: NDArray[np.bool_]) -> NDArray[np.float32]:
    """How far each voxel is from the median of the organ, HU."""
    hu = phantom.ct.array.astype(np.float32)
    return np.abs(hu - (np.median(hu[where]) if where.any() else 0.0)).astype(np.float32)


def _region(organ: str) -> Region:
    return LESIONS[ORGANS[organ]].region


def _both_kinds(searched: Searched) -> bool:
    whole = together(searched.model)
    return bool(whole.negatives.any() and whole.positives.any())
