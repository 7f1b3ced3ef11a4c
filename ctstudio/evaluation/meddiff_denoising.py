"""Scans at a quarter of the dose, denoised by a model and by others (table 4)."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ctstudio.core.volume import Volume
from ctstudio.evaluation.baselines import BM3D, TV, best_tv_weight, bm3d_denoiser, total_variation
from ctstudio.evaluation.kept import Figures, kept_figures, kept_packed
from ctstudio.evaluation.meddiff_paper import PHANTOMS, Bench
from ctstudio.evaluation.meddiff_phantoms import SEEDS, VALIDATION, RegionPhantom, scans_of
from ctstudio.evaluation.meddiff_published import DENOISING, printed
from ctstudio.evaluation.meddiff_rows import NAN, Row, mean_row
from ctstudio.measure.similarity import LEAST_SIDE, psnr_db, ssim
from ctstudio.phantom.patient import Region

PART = "denoising"
REGIONS: tuple[Region, ...] = ("abdomen", "chest")
"""The scans of the paper's data set show these."""
MODEL, NOISY = "MedDiff-FM", "noisy"
TRUTH, FULL = "truth", "full dose"
"""What is compared with: the phantom without noise; and as in the paper the full-dose scan, which has its own."""


def denoising_figures(bench: Bench) -> dict[str, list[Figures]]:
    """By region PSNR and SSIM of each patient, noisy and by every method; kept one by one."""
    count = bench.settings.patients
    found: dict[str, list[Figures]] = {}
    for number, region in enumerate(REGIONS):
        weight = tv_weight(bench, region)
        found[region] = []
        for n in range(count):
            bench.told(number * count + n, count * len(REGIONS), f"Denoising {region} {n + 1} of {count}")
            measure = partial(_patient, bench, region, n, weight)
            found[region].append(bench.figures(PART, f"{region}_{n:04d}_{bm3d_denoiser() is not None}", measure))
    return found


def denoising_rows(bench: Bench, measured: dict[str, list[Figures]]) -> list[Row]:
    """PSNR and SSIM of every method, and what the model gains over the noisy scan and over the others."""
    rows = []
    for region, figures in measured.items():
        for key, title, unit in (("psnr", "PSNR", "dB"), ("ssim", "SSIM", "")):
            for against in (TRUTH, FULL):
                rows += _method_rows(bench, region, figures, (key, title, unit), against)
    return rows


def tv_weight(bench: Bench, region: Region) -> float:
    """The weight of total variation that suits patients who are not measured."""

    def chosen() -> Figures:
        pairs = []
        for n in range(bench.settings.validation):
            bench.told(n, bench.settings.validation, f"Choosing {TV} for the {region}")
            phantom, _, low = _scans(bench, region, VALIDATION + n)
            pairs.append((low.array, phantom.ct.array.astype(np.float32)))
        return {"weight": best_tv_weight(*zip(*pairs, strict=True))}

    name = f"tv_{region}_{bench.config.spacing_mm:g}mm_{bench.settings.dose:g}_{bench.settings.validation}.json"
    return kept_figures(bench.folder / PART / name, chosen)["weight"]


def _patient(bench: Bench, region: Region, number: int, weight: float) -> Figures:
    phantom, full, low = _scans(bench, region, number)
    told: dict[str, Any] = {"region": region, "seed": SEEDS[PART] + number}
    inputs: dict[str, Any] = {"scan": low, "anatomy": phantom.labels}
    made, measures = bench.answer("denoise", f"{region}_{number:04d}", inputs, **told)
    images: dict[str, NDArray[np.generic]] = {NOISY: low.array, MODEL: made, TV: total_variation(low.array, weight)}
    bm3d = bm3d_denoiser()
    if bm3d is not None:
        images[BM3D] = bm3d(low.array, float((low.array - full.array).std()))
    found = {f"measured_{name}": value for name, value in measures.items()}
    for against, reference in ((TRUTH, phantom.ct.array), (FULL, full.array)):
        for name, image in images.items():
            found[f"{name} psnr {against}"] = psnr_db(image, reference)
            small = min(image.shape[1:]) < LEAST_SIDE
            found[f"{name} ssim {against}"] = NAN if small else ssim(image, reference)
    return found


def _scans(bench: Bench, region: Region, number: int) -> tuple[RegionPhantom, Volume, Volume]:
    """A patient, the full-dose scan and the low-dose one; kept, HU to the nearest whole as a scanner gives them."""
    seed = SEEDS[PART] + number
    phantom = bench.phantom(seed, region)

    def made() -> NDArray[np.int16]:
        return np.stack([np.rint(v.array).astype(np.int16) for v in scans_of(phantom, seed, bench.settings.dose)])

    name = f"{seed}_{region}_{bench.config.spacing_mm:g}mm_dose_{bench.settings.dose:g}.npz"
    full, low = kept_packed(bench.folder / PHANTOMS / name, made).astype(np.float32)
    grid = phantom.ct.grid
    return phantom, Volume(full, grid, synthetic=True), Volume(low, grid, synthetic=True)


def _method_rows(
    bench: Bench, region: str, figures: Sequence[Figures], what: tuple[str, str, str], against: str
) -> list[Row]:
    key, title, unit = what
    end = ", to full dose" if against == FULL else ""
    told: dict[str, Any] = {"unit": unit, "measured_by": f"{against}, [-160, 240] HU", "model": bench.model.info.name}
    values = {name: [f.get(f"{name} {key} {against}", NAN) for f in figures] for name in (NOISY, MODEL, TV, BM3D)}
    rows = []
    for name, found in values.items():
        if not np.isfinite(found).any():
            if name == BM3D and against == TRUTH and key == "psnr":
                rows.append(Row(PART, region, f"PSNR, {BM3D}", NAN, note="needs the package bm3d", **told))
            continue
        beside: dict[str, Any] = {} if name == NOISY else {"beside_is": "the noisy scan"}
        paper = printed(DENOISING[name][key == "ssim"]) if against == FULL and name in DENOISING else ""
        compared = values[NOISY] if beside else ()
        rows.append(mean_row(PART, region, f"{title}, {name}{end}", found, compared, paper=paper, **told, **beside))
    for other in (NOISY, TV, BM3D):
        gain = np.subtract(values[MODEL], values[other]).tolist()
        if np.isfinite(gain).any():
            paper = _paper_gain(other, key) if against == FULL else ""
            rows.append(mean_row(PART, region, f"{title}, gain over {other}{end}", gain, paper=paper, **told))
    return rows


def _paper_gain(other: str, key: str) -> str:
    if other not in DENOISING:
        return ""
    return f"{DENOISING[MODEL][key == 'ssim'] - DENOISING[other][key == 'ssim']:+.4g}"
