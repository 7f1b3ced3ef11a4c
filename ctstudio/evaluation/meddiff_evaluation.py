"""A whole evaluation of a MedDiff-FM model as in the paper, from phantoms to every row of its tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from ctstudio.catalog.meddiff_regions import REGIONS
from ctstudio.catalog.shelf import Model
from ctstudio.core.errors import ParameterError
from ctstudio.core.volume import Volume
from ctstudio.evaluation.baselines import TV, bm3d_denoiser
from ctstudio.evaluation.kept import open_folder
from ctstudio.evaluation.meddiff_denoising import denoising_figures, denoising_rows
from ctstudio.evaluation.meddiff_detection import detection_counts, detection_rows, roc_curves
from ctstudio.evaluation.meddiff_lesions import TASKS, lesion_figures, lesion_rows
from ctstudio.evaluation.meddiff_paper import Bench, MeddiffSettings, Told
from ctstudio.evaluation.meddiff_reading import RegionReader
from ctstudio.evaluation.meddiff_rows import Row
from ctstudio.evaluation.meddiff_synthesis import ablation_rows, synthesis_figures, synthesis_rows
from ctstudio.evaluation.na_diff_paper import digests_of
from ctstudio.evaluation.perceptual import Perceptual
from ctstudio.evaluation.requests import Generator
from ctstudio.evaluation.volume_encoders import VolumeEncoder
from ctstudio.systems.meddiff_fm.config import MeddiffConfig

KEPT = "volumes"
"""Folder of what was made, inside the folder of an evaluation."""


def evaluate_meddiff(
    models: Sequence[Model],
    reader: RegionReader | None,
    encoders: Mapping[str, VolumeEncoder],
    perceptual: Perceptual | None,
    generate: Generator,
    settings: MeddiffSettings,
    folder: Path,
    told: Told,
) -> dict[str, Any]:
    """Make, measure, and say everything there is to say.

    Args:
        models: The one that is evaluated, and one without position embedding for the ablation, if there is any.
        reader: That reads all volumes; None leaves out what must be read.
        encoders: By region, what collections of volumes are compared by; none leaves FID and MMD out.
        perceptual: What slices are compared by; None leaves LPIPS out.
        generate: That works requests off.
        settings: How much is made.
        folder: What was made is kept here, so that a stopped evaluation goes on.
        told: Called with how far the work is, out of what, and words.

    Returns:
        JSON values: `title`, `model`, `settings`, `notes`, `rows` (see `meddiff_rows.Row`), `roc` by organ.

    Raises:
        InputError: The folder holds another evaluation.
        ParameterError: No model, more than two, or two that do not fit each other.
        StorageError: The folder cannot be written.
    """
    benches = [_bench(m, reader, encoders, perceptual, generate, settings, folder / KEPT, told) for m in models]
    _check(benches)
    for bench in benches:
        told_of = {"parameters": dict(settings.parameters), "models": digests_of([bench.model]), "dose": settings.dose}
        open_folder(bench.place, told_of)
    first = benches[0]
    rows = _synthesis(benches) if "synthesis" in settings.parts else []
    if "denoising" in settings.parts:
        rows += denoising_rows(first, denoising_figures(first))
    counted = detection_counts(first) if "detection" in settings.parts else {}
    rows += detection_rows(first, counted)
    for part in TASKS:
        if part in settings.parts:
            rows += lesion_rows(first, part, lesion_figures(first, part))
    return {
        "title": "MedDiff-FM: the paper's tables",
        "model": first.model.info.name,
        "settings": {**asdict(settings), "models": digests_of([b.model for b in benches])},
        "notes": _notes(first),
        "rows": [asdict(row) for row in rows],
        "roc": roc_curves(counted),
    }


def reader_encoders(reader: RegionReader) -> dict[str, VolumeEncoder]:
    """A reader's own features, which stand in for MedicalNet's; the reader looks at each region in its window."""
    name = f"phantom encoder ({reader.name})"

    def of(region: str) -> VolumeEncoder:
        return VolumeEncoder(name, False, lambda ct: reader.features(_plain(ct), region))

    return {region: of(region) for region in REGIONS}


def _plain(ct: Volume) -> Volume:
    return replace(ct, modality="CT", unit="HU")


def _bench(
    model: Model,
    reader: RegionReader | None,
    encoders: Mapping[str, VolumeEncoder],
    perceptual: Perceptual | None,
    generate: Generator,
    settings: MeddiffSettings,
    folder: Path,
    told: Told,
) -> Bench:
    config = MeddiffConfig.model_validate(model.info.config)
    return Bench(model, config, generate, reader, encoders, perceptual, settings, folder, told)


def _check(benches: Sequence[Bench]) -> None:
    if not 1 <= len(benches) <= 2:
        raise ParameterError(
            "One model of MedDiff-FM is evaluated at a time, with one beside it for the ablation.", "Name one or two."
        )
    if len({bench.model.info.name for bench in benches}) < len(benches):
        raise ParameterError("Both models have the same name.", "Give another model for the ablation.")
    if len({bench.config.spacing_mm for bench in benches}) > 1:
        raise ParameterError("The two models have voxels of different size.", "Compare models of the same size.")


def _synthesis(benches: Sequence[Bench]) -> list[Row]:
    measured = [synthesis_figures(bench) for bench in benches]
    rows = [row for bench, figures in zip(benches, measured, strict=True) for row in synthesis_rows(bench, figures)]
    if len(benches) == 2:
        rows += ablation_rows((benches[0], benches[1]), (measured[0], measured[1]))
    return rows


def _notes(bench: Bench) -> list[str]:
    """What a reader must know before comparing anything."""
    settings = bench.settings
    stand_ins = [one.name for one in (*bench.encoders.values(), bench.perceptual) if one and not one.published]
    notes = [
        f"{settings.patients} phantoms of each region or lesion at {bench.config.spacing_mm:g} mm, of seeds that no "
        "model has seen; the paper's figures are of patients' scans.",
        "Intervals are at 95 %: patients drawn anew for means and AUC, Wilson's for shares.",
        f"Scans at {settings.dose:.0%} dose are made by our physics; the weight of {TV} is chosen on "
        f"{settings.validation} other patients.",
        "Lesions are moderate and large in turn. Detection looks at phantoms without photon noise.",
        "A seam score is the gradient across window borders over that elsewhere in the body.",
    ]
    if bench.reader is None:
        notes.insert(0, "No model comes with a reader: what must be read is left out.")
    if bench.perceptual is None:
        notes.insert(0, "There is no network for LPIPS: it is left out.")
    if bm3d_denoiser() is None:
        notes.append("BM3D needs the package bm3d, which is not installed.")
    missing = set(TASKS) & set(settings.parts) if not bench.kinds() else set()
    if missing - {"removal"}:
        notes.append("The model has no ControlNet for a lesion that phantoms have: there is nothing to put in or out.")
    if stand_ins:
        notes.insert(
            0,
            f"Figures by {', '.join(dict.fromkeys(stand_ins))} are not comparable with published figures; "
            "--weights DIR takes the published networks.",
        )
    return notes
