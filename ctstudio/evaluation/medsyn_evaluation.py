"""A whole evaluation of a MedSyn model as in the paper, from prompts to everything its tables need."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ctstudio.catalog.shelf import Model
from ctstudio.core.volume import Volume
from ctstudio.evaluation.chest_figures import Figures
from ctstudio.evaluation.kept import open_folder
from ctstudio.evaluation.medsyn_answers import consolidation_ml, effusion_ml, questions
from ctstudio.evaluation.medsyn_classifier import FINDINGS, Labelled, augmentation_scores, labelled
from ctstudio.evaluation.medsyn_paper import (
    Bench,
    MedsynSettings,
    Told,
    arm_figures,
    pairs_of,
    phantom_figures,
    said_once,
)
from ctstudio.evaluation.medsyn_prompts import REPORTS, Arm, prompt_arms, report_arm, stranger_findings
from ctstudio.evaluation.medsyn_segmentation import STRUCTURES, WITH_TEXT, WITHOUT_TEXT, kept_dice
from ctstudio.evaluation.medsyn_volumes import KeptChest
from ctstudio.evaluation.na_diff_paper import digests_of
from ctstudio.evaluation.requests import Generator
from ctstudio.evaluation.volume_distances import distances, kept_features
from ctstudio.evaluation.volume_encoders import VolumeEncoder
from ctstudio.systems.medsyn.config import MedsynConfig
from ctstudio.systems.medsyn.reading import ChestReader, to_unit

KEPT = "volumes"
"""Folder of what was generated, inside the folder of an evaluation."""

SUMMED = {"effusion_ml": effusion_ml, "consolidation_ml": consolidation_ml}
TOLD = (
    "effusion_read_ml",
    "consolidation_read_ml",
    "cardiothoracic_ratio",
    "laa_950_percent",
    "airway_ml",
    "vessels_ml",
    "lungs_ml",
)
AGREEMENT = ("lobes_dice", "airway_dice", "vessels_dice")


def evaluate_medsyn(
    model: Model,
    reader: ChestReader,
    encoder: VolumeEncoder,
    generate: Generator,
    settings: MedsynSettings,
    folder: Path,
    told: Told,
) -> dict[str, Any]:
    """Generate, measure, and say everything there is to say.

    Args:
        model: That is evaluated.
        reader: That reads all volumes.
        encoder: By which collections of volumes are compared.
        generate: That works requests off.
        settings: How much is generated.
        folder: What was generated is kept here, so that a stopped evaluation goes on.
        told: Called with how far the work is, out of what, and words.

    Returns:
        JSON values: `title`, `settings`, `notes`, `arms` and `phantoms` (figures by prompt), `questions`, `distances`,
        `segmentation`, `classifier`.

    Raises:
        InputError: The folder holds another evaluation.
        StorageError: The folder cannot be written.
    """
    made_with = {"parameters": dict(settings.parameters), "models": digests_of([model]), "reader": reader.name}
    open_folder(folder / KEPT, made_with)
    side = MedsynConfig.model_validate(model.info.config).upscaler.side
    bench = Bench(str(model.folder), generate, reader, side, settings, folder / KEPT, told)
    reports = report_arm(settings.volumes)
    arms = [arm for arm in [*prompt_arms(settings.volumes), reports] if arm.name.startswith(settings.parts)]
    measured = _all_arms(bench, arms)
    beside = {arm.name: phantom_figures(bench, arm) for arm in said_once(arms)}
    whole = REPORTS in settings.parts
    return {
        "title": "MedSyn: the paper's tables",
        "model": model.info.name,
        "settings": {**asdict(settings), **made_with},
        "notes": _notes(reader, encoder, settings),
        "arms": {name: summary(rows) for name, rows in measured.items()},
        "phantoms": {name: summary(rows) for name, rows in beside.items()},
        "questions": {"model": _asked(measured), "phantoms": _asked(beside)},
        "distances": _distances(bench, reports, encoder) if whole else None,
        "segmentation": _segmentation(bench, reports) if "segmentation" in settings.parts else None,
        "classifier": _classifier(bench, reports) if "classifier" in settings.parts else None,
    }


def summary(rows: Sequence[Figures]) -> dict[str, dict[str, float]]:
    """Mean, SD and count of each figure over volumes; those that could not be measured are left out."""
    names = [name for name in (*SUMMED, *TOLD, *AGREEMENT) if name in SUMMED or any(name in row for row in rows)]
    found = {}
    for name in names:
        values = np.asarray([SUMMED[name](row) if name in SUMMED else row[name] for row in rows], float)
        values = values[np.isfinite(values)]
        if len(values):
            found[name] = {"mean": float(values.mean()), "sd": float(values.std()), "count": len(values)}
    return found


def _all_arms(bench: Bench, arms: Sequence[Arm]) -> dict[str, list[Figures]]:
    total = sum(len(arm.asked) for arm in arms)
    measured, done = {}, 0
    for arm in arms:
        measured[arm.name] = arm_figures(bench, arm, done, total)
        done += len(arm.asked)
    return measured


def _asked(measured: Mapping[str, Sequence[Figures]]) -> list[dict[str, Any]]:
    return [asdict(question) for question in questions(measured)]


def _distances(bench: Bench, reports: Arm, encoder: VolumeEncoder) -> dict[str, Any]:
    """Of the model's volumes, and of other patients, to the patients whose reports the model heard."""
    count, place = len(reports.asked), bench.folder / "features"
    heard = list(zip(reports.patients, (asked.findings for asked in reports.asked), strict=True))
    rows: dict[str, list[Callable[[], Volume]]] = {
        "real": [lambda s=s, f=f: bench.phantom(s, f).ct for s, f in heard],  # type: ignore[misc]
        "made": [lambda n=n: bench.made(reports, n).ct for n in range(count)],  # type: ignore[misc]
        "other": [lambda s=s, f=f: bench.phantom(s, f).ct for s, f in stranger_findings(count)],  # type: ignore[misc]
    }
    seen: dict[str, NDArray[np.float64]] = {}
    for name, volumes in rows.items():
        bench.told(len(seen), len(rows), f"Looking at {name} volumes")
        seen[name] = kept_features(volumes, encoder, place / f"{name}_{count}_{encoder.name.split()[0]}.npy")
    return {
        "encoder": encoder.name,
        "published": encoder.published,
        "count": count,
        "model": distances(seen["real"], seen["made"]),
        "other patients": distances(seen["real"], seen["other"]),
    }


def _segmentation(bench: Bench, reports: Arm) -> dict[str, dict[str, dict[str, float]]]:
    pairs = pairs_of(bench, reports, bench.settings.segmented)
    steps = {name: value for name, value in bench.settings.parameters.items() if name != "guidance"}
    found = {}
    for number, (name, text) in enumerate(((WITHOUT_TEXT, False), (WITH_TEXT, True))):
        bench.told(number, 2, f"Reading structures {name}")
        place = bench.folder / "segmented" / name.replace(" ", "_")
        rows = kept_dice(pairs, bench.model, steps, bench.generate, place, text)
        found[name] = {
            each: {"mean": float(np.mean([r[each] for r in rows])), "sd": float(np.std([r[each] for r in rows])),
                   "count": len(rows)}
            for each in STRUCTURES if rows
        }  # fmt: skip
    return found


def _classifier(bench: Bench, reports: Arm) -> dict[str, Any]:
    """Few phantoms train a classifier, alone and with what the model made of as many reports; others judge it."""
    bench.told(0, 1, "Training classifiers")
    strangers = stranger_findings(2 * bench.settings.training + bench.settings.volumes)
    chests = [(bench.phantom(seed, findings), findings) for seed, findings in strangers]
    few = chests[: bench.settings.training]
    made = [(bench.made(reports, n), asked.findings) for n, asked in enumerate(reports.asked)]
    real, synthetic, test = (_as_examples(each) for each in (few, made, chests[bench.settings.training :]))
    scores = augmentation_scores(real, synthetic, test)
    return {
        "real": len(few), "synthetic": len(made), "test": len(test.volumes),
        "scores": {
            figure: {arm: {"mean": float(np.mean(v)), "sd": float(np.std(v))} for arm, v in arms.items()}
            for figure, arms in scores.items()
        },
    }  # fmt: skip


def _as_examples(chests: Sequence[tuple[KeptChest, Mapping[str, str]]]) -> Labelled:
    present = [[findings.get(name, "none") != "none" for name in FINDINGS] for _, findings in chests]
    return labelled([to_unit(chest.ct.array) for chest, _ in chests], present)


def _notes(reader: ChestReader, encoder: VolumeEncoder, settings: MedsynSettings) -> list[str]:
    """What a reader must know before comparing anything."""
    notes = [
        f"{settings.volumes} volumes of each prompt, in words that training never used; all prompts share their seeds.",
        f"All volumes are read by the {reader.name}; phantoms with the same findings show what it gets wrong.",
        "Effusion, %LAA-950 and consolidation are measured by place and HU in the lobes that a volume comes with.",
        "Intervals are Wilson's at 95 %.",
        f"{REPORTS.capitalize()}: whole reports of held-out phantoms; their CTs are the real ones.",
        "The paper's figures are of patients' scans.",
    ]
    if not encoder.published:
        notes.insert(
            0,
            f"Distances by the {encoder.name} are not comparable with published FID and MMD; "
            "--weights DIR takes MedicalNet.",
        )
    return notes
