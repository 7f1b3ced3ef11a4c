"""A finished run as a model on the shelf: fp16 weights, `model.json` with ranges and digests."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import torch

from ctstudio.catalog.model_card import ModelInfo, Range, Ranges, Training
from ctstudio.catalog.shelf import file_digest
from ctstudio.core.labels import standard_table, values_of
from ctstudio.systems.na_diff.config import NaDiffConfig
from ctstudio.systems.na_diff.weights import CLIP_FOLDER, DENOISER, LAYOUT, SEGMENTER, save_weights
from ctstudio.training.phantom_slices import PhantomSlices
from ctstudio.training.run import Run, trained_clip, trained_denoiser, trained_layout, trained_segmenter, trained_vae

LICENCE = "Apache-2.0"
LEAST_PIXELS = 30
"""A slice with fewer pixels of a label does not count as showing it."""


def export_model(run: Run) -> Path:
    """Write the model of a run into its folder `model` and return that folder.

    The denoiser's moving average is what is written. Figures are added later, by measuring.
    """
    folder = run.folder / "model"
    shutil.rmtree(folder, ignore_errors=True)
    vae = trained_vae(run)
    vae.half().save_pretrained(folder / "vae")
    clip, tokenizer, clip_config = trained_clip(run)
    save_weights(clip, folder / CLIP_FOLDER, clip_config)
    tokenizer.save(folder / CLIP_FOLDER / "vocabulary.json")
    save_weights(trained_denoiser(run), folder / DENOISER)
    save_weights(trained_layout(run), folder / LAYOUT)
    features = {"features": list(run.recipe.segmenter.features)}
    save_weights(trained_segmenter(run), folder / SEGMENTER, features)
    model_info(run).write(folder)
    return folder


def model_info(run: Run) -> ModelInfo:
    """The `model.json` of a run, without figures."""
    recipe, folder = run.recipe, run.folder / "model"
    stages = {name: _stage_record(run, name) for name in ("vae", "clip", "segmenter", "layout", "denoiser")}
    files = sorted(p for p in folder.rglob("*") if p.is_file() and p.name != "model.json")
    return ModelInfo(
        name=recipe.model_name,
        title=recipe.title,
        system=recipe.system,
        size="demo",
        config=run.config.model_dump(mode="json"),
        trained_on=f"{recipe.data.patients} procedural abdomens (phantom seeds 0 to {recipe.data.patients - 1}), "
        f"{recipe.data.slices_each} axial slices each, simulated photon noise at 5 to 100 % dose; no patient data",
        ranges=training_ranges(run.slices(), run.config),
        training=Training(
            recipe=recipe.name,
            steps=stages["denoiser"]["steps"],
            seconds=round(sum(s["seconds"] for s in stages.values()), 1),
            device="cpu",
            stages=stages,
        ),
        licence=LICENCE,
        files={p.relative_to(folder).as_posix(): file_digest(p) for p in files},
    )


def training_ranges(slices: PhantomSlices, config: NaDiffConfig) -> Ranges:
    """What the training slices held: label areas and body areas from the 1st to the 99th percentile."""
    known = sorted({name for names in config.label_groups.values() for name in names})
    values = values_of(known)
    counts = np.stack([np.bincount(labels.ravel(), minlength=256) for labels in slices.labels])  # (N, 256)
    pixel = config.pixel_mm**2
    areas = {}
    for name, value in zip(known, values, strict=True):
        shown = counts[counts[:, value] >= LEAST_PIXELS, value]
        if len(shown):
            areas[name] = _percentiles(shown * pixel)
    in_use = {label.value: label.name for label in standard_table()}
    body = counts[:, list(in_use)].sum(axis=1) * pixel / 100.0
    side = config.image_size * config.pixel_mm
    return Ranges(
        region="abdomen",
        fov_mm=Range(low=round(0.6 * side, 1), high=round(1.3 * side, 1)),
        spacing_mm=Range(low=0.5, high=3.0),
        dose=Range(low=0.05, high=1.0),
        labels=known,
        label_area_mm2=areas,
        body_area_cm2=_percentiles(body),
    )


def _percentiles(values: np.ndarray) -> Range:  # type: ignore[type-arg]
    low, high = np.percentile(values, [1, 99])
    return Range(low=round(float(low), 1), high=round(float(high), 1))


def _stage_record(run: Run, stage: str) -> dict[str, float | int]:
    state = torch.load(run.checkpoint(stage), weights_only=True)
    last = state["history"][-100:]
    return {
        "steps": int(state["step"]),
        "seconds": round(float(state["seconds"]), 1),
        "loss": round(float(np.mean(last)), 5),
    }
