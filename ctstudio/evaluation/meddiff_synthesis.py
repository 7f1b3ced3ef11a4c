"""Volumes made from anatomy: likeness to the patient, organs that are read again, seams, and the ablation (table 3)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from ctstudio.catalog.meddiff_fm import SYNTHESIZE
from ctstudio.catalog.window_plan import starts
from ctstudio.core.volume import Volume
from ctstudio.evaluation.kept import Figures
from ctstudio.evaluation.meddiff_likeness import collection_distances, likeness, region_of
from ctstudio.evaluation.meddiff_paper import Bench
from ctstudio.evaluation.meddiff_phantoms import SEEDS, RegionPhantom
from ctstudio.evaluation.meddiff_published import SYNTHESIS, printed
from ctstudio.evaluation.meddiff_reading import organ_dice
from ctstudio.evaluation.meddiff_rows import NAN, Row, mean_row
from ctstudio.evaluation.ms_ssim import WEIGHTS, scales_for
from ctstudio.measure.nominal_hu import nominal_hu_table
from ctstudio.measure.seam import seam_score, window_borders
from ctstudio.phantom.patient import Region
from ctstudio.systems.meddiff_fm.reading import ORGANS

PART, ABLATION = "synthesis", "position embedding"
FLAT, READ_REAL, STRANGERS = "organs painted flat", "the reader on the phantoms", "other patients"
BETTER = {"MS-SSIM": "higher", "LPIPS": "lower", "FID": "lower", "MMD": "lower", "Dice": "higher"}
STAND_INS = {"LPIPS": "VAE feature distance (for LPIPS)", "FID": "Fréchet distance (for FID)",
             "MMD": "mean discrepancy (for MMD)"}  # fmt: skip
"""What a figure is called when no published network measured it."""
Measured = Mapping[str, Sequence[Figures]]


def synthesis_figures(bench: Bench) -> dict[str, list[Figures]]:
    """By region the figures of each patient's volume, kept one by one."""
    count, regions = bench.settings.patients, bench.settings.regions
    found: dict[str, list[Figures]] = {}
    for number, region in enumerate(regions):
        found[region] = []
        for n in range(count):
            words = f"{bench.model.info.name}: {region} {n + 1} of {count} from anatomy"
            bench.told(number * count + n, count * len(regions), words)
            measure = lambda r=region, n=n: _patient(bench, r, n)  # type: ignore[misc]  # noqa: E731
            found[region].append(bench.figures(PART, f"{region}_{n:04d}", measure))
    return found


def synthesized(bench: Bench, region: Region, number: int) -> tuple[Volume, RegionPhantom]:
    """The model's volume of a patient's anatomy, and the patient."""
    seed = SEEDS[PART] + number
    phantom = bench.phantom(seed, region)
    told: dict[str, Any] = {"region": region, "seed": seed, "count": 1}
    array, _ = bench.answer("synthesize", f"{region}_{number:04d}", {"anatomy": phantom.labels}, **told)
    return Volume(array, phantom.ct.grid, synthetic=True), phantom


def synthesis_rows(bench: Bench, measured: Measured) -> list[Row]:
    """The rows of table 3, and the seam score."""
    rows: list[Row] = []
    for region, figures in measured.items():
        rows += _likeness_rows(bench, region, figures)
        rows += distance_rows(bench, PART, region, _distances(bench, region), published(region))
        rows += _dice_rows(bench, region, figures)
        seams = [_of(figures, name) for name in ("seam", "real_seam")]
        note = "" if np.isfinite(seams[0]).any() else "one window covers these volumes"
        words: dict[str, Any] = {
            "better": "lower",
            "beside_is": "the phantoms, same places",
            "measured_by": "gradient",
            "note": note,
        }
        rows.append(mean_row(PART, region, "seam score", *seams, model=bench.model.info.name, **words))
    if len(measured) > 1 and bench.reader:
        every = [figures for region in measured for figures in measured[region]]
        words = {"beside_is": READ_REAL, "measured_by": bench.reader.name, "paper": "0.84"}
        pair = [_of(every, name) for name in ("dice", "real_dice")]
        rows.append(mean_row(PART, "all", "Dice of organs", *pair, model=bench.model.info.name, **words))
    return rows


def ablation_rows(benches: tuple[Bench, Bench], measured: tuple[Measured, Measured]) -> list[Row]:
    """A model beside one without position embedding, on the same anatomies and seeds; intervals of the difference."""
    rows: list[Row] = []
    words: dict[str, Any] = {"model": benches[0].model.info.name, "note": f"less that of {benches[1].model.info.name}"}
    for region, figures in measured[0].items():
        others = measured[1][region]
        for name, title in (("ms_ssim", "MS-SSIM"), ("lpips", "LPIPS"), ("dice", "Dice")):
            pair = [np.asarray(_of(each, name)) for each in (figures, others)]
            gain = mean_row(ABLATION, region, f"{_called(benches[0], title)}, gain", (pair[0] - pair[1]).tolist())
            with_it, without = SYNTHESIS[region][title]
            paper = f"{with_it - without:+.4g}" if title != "Dice" else f"{with_it - without:+.2f}"
            better, by = BETTER[title], _measured_by(benches[0], title)
            rows.append(
                replace(gain, paper=paper, better=better, measured_by=by, published=title not in _stood_in(benches[0]),
                        **words)
            )  # fmt: skip
    return rows


def distance_rows(
    bench: Bench, part: str, region: str, found: Mapping[str, Mapping[str, float]], paper: Mapping[str, str]
) -> list[Row]:
    """FID and MMD of a collection of volumes."""
    if not found:
        return []
    encoder, rows = bench.encoders[region_of(region)], []
    for key, title in (("fid", "FID"), ("mmd", "MMD")):
        rows.append(
            Row(part, region, _called(bench, title), found["model"][key], count=bench.settings.patients, better="lower",
                beside=found["other patients"][key], beside_is=STRANGERS, paper=paper.get(title, ""),
                measured_by=encoder.name, published=encoder.published, model=bench.model.info.name)
        )  # fmt: skip
    return rows


def likeness_rows(
    bench: Bench, part: str, region: str, figures: Sequence[Figures], paper: Mapping[str, str], scales: int
) -> list[Row]:
    """MS-SSIM and LPIPS of volumes against their twins."""
    whole = scales == len(WEIGHTS)
    note = "" if whole else f"{scales} of {len(WEIGHTS)} scales: the volumes are small"
    rows = []
    for name, title in (("ms_ssim", "MS-SSIM"), ("lpips", "LPIPS")):
        beside = _of(figures, f"flat_{name}")
        words: dict[str, Any] = {"better": BETTER[title], "paper": paper.get(title, ""), "model": bench.model.info.name}
        words |= {"measured_by": _measured_by(bench, title), "published": title not in _stood_in(bench)}
        words |= {"note": note} if title == "MS-SSIM" else {}
        words |= {"beside_is": FLAT} if np.isfinite(beside).any() else {}
        rows.append(mean_row(part, region, _called(bench, title), _of(figures, name), beside, **words))
    return [row for row in rows if row.count or row.title == "MS-SSIM"]


def published(region: str) -> dict[str, str]:
    """The paper's figures of a region, with position embedding."""
    return {title: printed(values[0]) for title, values in SYNTHESIS[region].items()}


def _patient(bench: Bench, region: Region, number: int) -> Figures:
    made, phantom = synthesized(bench, region, number)
    window, real = bench.config.window(region), phantom.ct
    flat = nominal_hu_table()[phantom.labels.array]
    found = likeness(bench, made.array, real, window)
    found |= {f"flat_{name}": value for name, value in likeness(bench, flat, real, window).items()}
    body = phantom.labels.array > 0
    overlap = bench.settings.parameters.get("synthesize", {}).get("overlap", _default_overlap())
    borders = _borders(real.grid.shape, bench.config.patch, overlap)
    for name, array in (("seam", made.array), ("real_seam", real.array)):
        seen = np.clip(array, window.low_hu, window.high_hu)
        found[name] = seam_score(seen, borders, body)
    return found | _read_again(bench, region, made, phantom)


def _read_again(bench: Bench, region: Region, made: Volume, phantom: RegionPhantom) -> Figures:
    """Dice of each organ between the anatomy and what is read in the model's volume, and in the phantom itself."""
    if bench.reader is None:
        return {}
    found: Figures = {}
    anatomy, voxel_ml = phantom.anatomy, phantom.ct.grid.voxel_volume_mm3 / 1000.0
    for prefix, ct in (("", made), ("real_", phantom.ct)):
        organs = organ_dice(bench.reader.read(ct, region), anatomy, region, voxel_ml)
        found |= {f"{prefix}dice_{organ}": value for organ, value in organs.items()}
        there = [value for value in organs.values() if np.isfinite(value)]
        found[f"{prefix}dice"] = float(np.mean(there)) if there else NAN
    return found


def _borders(shape: tuple[int, ...], patch: int, overlap: float) -> list[tuple[int, ...]]:
    return [window_borders(n, starts(max(n, patch), patch, overlap), patch) for n in shape]


def _default_overlap() -> float:
    return float(SYNTHESIZE.parameters.model_fields["overlap"].default)


def _likeness_rows(bench: Bench, region: str, figures: Sequence[Figures]) -> list[Row]:
    scales = min(
        scales_for(bench.phantom(SEEDS[PART] + n, region).ct.grid.shape)  # type: ignore[arg-type]
        for n in range(len(figures))
    )
    return likeness_rows(bench, PART, region, figures, published(region), scales)


def _distances(bench: Bench, region: Region | str) -> dict[str, dict[str, float]]:
    r: Region = region  # type: ignore[assignment]
    count = bench.settings.patients
    real = [lambda n=n: bench.phantom(SEEDS[PART] + n, r).ct for n in range(count)]  # type: ignore[misc]
    made = [lambda n=n: synthesized(bench, r, n)[0] for n in range(count)]  # type: ignore[misc]
    others = [lambda n=n: bench.phantom(SEEDS["strangers"] + n, r).ct for n in range(count)]  # type: ignore[misc]
    return collection_distances(bench, PART, region, real, made, others)


def _dice_rows(bench: Bench, region: str, figures: Sequence[Figures]) -> list[Row]:
    if bench.reader is None:
        return []
    titles = [("dice", "Dice of organs", published(region)["Dice"])]
    titles += [(f"dice_{organ}", f"Dice of {organ.replace('_', ' ')}", "") for organ in ORGANS[region]]
    words: dict[str, Any] = {"beside_is": READ_REAL, "measured_by": bench.reader.name, "model": bench.model.info.name}
    return [
        mean_row(PART, region, title, _of(figures, key), _of(figures, f"real_{key}"), paper=paper, **words)
        for key, title, paper in titles
    ]


def _of(figures: Sequence[Figures], name: str) -> list[float]:
    return [each.get(name, NAN) for each in figures]


def _stood_in(bench: Bench) -> set[str]:
    """Titles of figures that no published network measures."""
    found = {"FID", "MMD"} if any(not each.published for each in bench.encoders.values()) else set()
    return found | ({"LPIPS"} if bench.perceptual and not bench.perceptual.published else set())


def _called(bench: Bench, title: str) -> str:
    return STAND_INS[title] if title in _stood_in(bench) else title


def _measured_by(bench: Bench, title: str) -> str:
    if title == "LPIPS":
        return bench.perceptual.name if bench.perceptual else ""
    if title == "Dice":
        return bench.reader.name if bench.reader else ""
    return "kernel of 7, the region's window"
