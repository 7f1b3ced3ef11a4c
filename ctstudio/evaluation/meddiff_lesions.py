"""Lesions drawn, put into healthy scans, and taken out again, read by a reader that learned lesions (table 6)."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ctstudio.core.labels import values_of
from ctstudio.core.volume import Volume
from ctstudio.evaluation.kept import Figures
from ctstudio.evaluation.meddiff_likeness import collection_distances, likeness
from ctstudio.evaluation.meddiff_paper import Bench
from ctstudio.evaluation.meddiff_phantoms import SEEDS
from ctstudio.evaluation.meddiff_published import LESIONS as PUBLISHED
from ctstudio.evaluation.meddiff_published import printed
from ctstudio.evaluation.meddiff_reading import is_found
from ctstudio.evaluation.meddiff_rows import NAN, Row, mean_row, share_row
from ctstudio.evaluation.meddiff_synthesis import distance_rows, likeness_rows
from ctstudio.evaluation.ms_ssim import scales_for
from ctstudio.measure.overlap import dice
from ctstudio.phantom.lesion_kinds import LESIONS

TASKS = {"lesions": "add-lesion", "inpainting": "inpaint-lesion", "removal": "remove-lesion"}
REAL, GONE = "the phantoms' own lesions", "healthy twins"


def lesion_figures(bench: Bench, part: str) -> dict[str, list[Figures]]:
    """By kind of lesion the figures of each patient in one of the three parts; kept one by one."""
    kinds, count = bench.kinds(), bench.settings.patients
    found: dict[str, list[Figures]] = {}
    for number, kind in enumerate(kinds):
        found[kind] = []
        for n in range(count):
            bench.told(number * count + n, count * len(kinds), f"{part.capitalize()}: {kind} {n + 1} of {count}")
            found[kind].append(bench.figures(part, f"{kind}_{n:04d}", partial(_patient, bench, part, kind, n)))
    return found


def lesion_rows(bench: Bench, part: str, measured: Mapping[str, list[Figures]]) -> list[Row]:
    """The rows of one of the three parts."""
    rows: list[Row] = []
    for kind, figures in measured.items():
        if part == "lesions":
            paper = {title: printed(value) for title, value in PUBLISHED.get(kind, {}).items()}
            rows += likeness_rows(
                bench, part, kind, figures, paper, int(np.nan_to_num(_of(figures, "scales"), nan=9).min())
            )
            rows += distance_rows(bench, part, kind, _distances(bench, kind), paper)
        if bench.reader is not None:
            rows += (
                _removal_rows(bench, kind, figures) if part == "removal" else [_dice_row(bench, part, kind, figures)]
            )
        if part != "lesions":
            untouched = [value == 1.0 for value in _of(figures, "outside_unchanged") if np.isfinite(value)]
            by = "every voxel beyond the margin"
            rows.append(share_row(part, kind, "scans unchanged outside", untouched, measured_by=by, model=_name(bench)))
    return rows


def lesioned(bench: Bench, part: str, kind: str, number: int) -> tuple[Volume, dict[str, float]]:
    """What the model makes of a patient: a lesion from anatomy, a lesion in a healthy scan, or a lesion taken out."""
    seed = SEEDS["lesions"] + number
    ill, twin = bench.ill(seed, kind), bench.phantom(seed, LESIONS[kind].region)
    told: dict[str, Any] = {"region": LESIONS[kind].region, "seed": seed, "count": 1}
    inputs: dict[str, dict[str, Any]] = {
        "lesions": {"anatomy": twin.labels},
        "inpainting": {"scan": twin.ct, "anatomy": twin.labels},
        "removal": {"scan": ill.ct, "anatomy": ill.labels},
    }
    if part != "removal":
        told["kind"] = kind
    given = inputs[part] | {"lesion": ill.lesion(kind)}
    array, measures = bench.answer(TASKS[part], f"{kind}_{number:04d}", given, **told)
    return Volume(array, ill.ct.grid, synthetic=True), measures


def _patient(bench: Bench, part: str, kind: str, number: int) -> Figures:
    seed, region = SEEDS["lesions"] + number, LESIONS[kind].region
    ill, twin = bench.ill(seed, kind), bench.phantom(seed, region)
    mask, voxel_ml = ill.labels.of(kind), ill.ct.grid.voxel_volume_mm3 / 1000.0
    if not mask.any():
        return {}  # the lesion is smaller than a voxel of the model
    made, measures = lesioned(bench, part, kind, number)
    found: Figures = {name: measures[name] for name in ("outside_unchanged", "voxels_changed") if name in measures}
    if part == "lesions":
        found |= likeness(bench, made.array, ill.ct, bench.config.window(region))
        found["scales"] = float(scales_for(ill.ct.grid.shape))
    if bench.reader is None:
        return found
    for name, ct in (("made", made), ("ill", ill.ct), ("healthy", twin.ct)):
        read = np.isin(bench.reader.read(ct, region), values_of([kind]))
        found |= {f"{name}_dice": dice(read, mask), f"{name}_found": float(is_found(read, mask, voxel_ml))}
    return found


def _dice_row(bench: Bench, part: str, kind: str, figures: list[Figures]) -> Row:
    published = PUBLISHED.get(kind, {})
    paper = printed(published.get("Dice" if part == "lesions" else "inpainted Dice"))
    if published:
        paper += f" (real {printed(published['real Dice'])})"
    made, ill = (_of(figures, f"{name}_dice").tolist() for name in ("made", "ill"))
    by = bench.reader.name if bench.reader else ""
    return mean_row(part, kind, "Dice of lesions", made, ill, beside_is=REAL, paper=paper, measured_by=by,
                    model=_name(bench))  # fmt: skip


def _removal_rows(bench: Bench, kind: str, figures: list[Figures]) -> list[Row]:
    """Of the lesions that the reader finds in the ill patient: in how many it finds nothing after the removal."""
    seen = [each for each in figures if each.get("ill_found") == 1.0]
    gone = [each["made_found"] == 0.0 for each in seen]
    never = [each["healthy_found"] == 0.0 for each in seen]
    words: dict[str, Any] = {"measured_by": bench.reader.name if bench.reader else "", "model": _name(bench)}
    read = [each["ill_found"] == 1.0 for each in figures if "ill_found" in each]
    note = "of the patients whose lesion the reader finds before"
    return [
        share_row("removal", kind, "no lesion found any more", gone, never, beside_is=GONE, note=note, **words),
        share_row("removal", kind, "lesion found before", read, (), **words),
    ]


def _distances(bench: Bench, kind: str) -> dict[str, dict[str, float]]:
    count, first = bench.settings.patients, SEEDS["lesions"]
    rows = [n for n in range(count) if bench.ill(first + n, kind).labels.of(kind).any()]
    seeds = [first + n for n in rows]
    real = [lambda s=s: bench.ill(s, kind).ct for s in seeds]  # type: ignore[misc]
    made = [lambda n=n: lesioned(bench, "lesions", kind, n)[0] for n in rows]  # type: ignore[misc]
    others = [lambda n=n: bench.ill(SEEDS["strangers"] + n, kind).ct for n in range(count)]  # type: ignore[misc]
    return collection_distances(bench, "lesions", kind, real, made, others)


def _of(figures: list[Figures], name: str) -> NDArray[np.float64]:
    return np.asarray([each.get(name, NAN) for each in figures], float)


def _name(bench: Bench) -> str:
    return bench.model.info.name
