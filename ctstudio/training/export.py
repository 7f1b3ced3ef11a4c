"""A finished run as a model on the shelf: fp16 weights, `model.json` with ranges and digests."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ctstudio.catalog.model_card import FILE_NAME, Borrowed, ModelInfo, Range, Ranges, Training
from ctstudio.catalog.recipe import SliceRecipe, TrainRecipe
from ctstudio.catalog.shelf import Model, file_digest, find_model, is_on_shelf, lend, part_folder
from ctstudio.core.labels import standard_table, values_of
from ctstudio.evaluation.na_diff import LEAST_LIVER_MM2
from ctstudio.measure.noise_region import LIVER
from ctstudio.nets.weight_files import save_weights
from ctstudio.protocol.training_run import RunFiles, StepLine, read_records
from ctstudio.systems.na_diff.config import NaDiffConfig
from ctstudio.systems.na_diff.network import NaDiffNetwork
from ctstudio.systems.na_diff.weights import CLIP_FOLDER, DENOISER, LAYOUT, SEGMENTER, save_vae
from ctstudio.training.data import in_words, load_slices
from ctstudio.training.na_diff_networks import (
    VOCABULARY,
    config_of,
    recipe_of,
    sliced,
    trained_clip,
    trained_denoiser,
    trained_layout,
    trained_segmenter,
    trained_vae,
)
from ctstudio.training.natural import natural_in_words
from ctstudio.training.recorder import device_name
from ctstudio.training.run import Run
from ctstudio.training.slices import Slices

LICENCE = "Apache-2.0"
LEAST_MM2 = 70.0
"""A slice with less of a label does not count as showing it."""

LAST_STEPS = 100
TRAINED = ("vae", "clip", "segmenter", "layout", "natural", "denoiser")
"""Stages of a run from scratch that train something."""


def export_trained(run: Run, which: str = "last") -> Path:
    """Write the model of a run from scratch into its folder `model` and return that folder.

    Args:
        run: Whose checkpoints.
        which: Which moving average of the denoiser, "last" or "best".

    Figures are added later, by measuring.
    """
    recipe, folder, config = recipe_of(run), emptied(run), config_of(run)
    save_weights(trained_denoiser(run, which), folder / DENOISER)
    if recipe.vae is not None:
        save_vae(trained_vae(run), folder)
    if recipe.clip is not None:
        clip, tokenizer, clip_config = trained_clip(run)
        save_weights(clip, folder / CLIP_FOLDER, clip_config)
        tokenizer.save(folder / CLIP_FOLDER / VOCABULARY)
    if recipe.layout is not None:
        save_weights(trained_layout(run), folder / LAYOUT)
    if recipe.segmenter is not None:
        save_weights(trained_segmenter(run), folder / SEGMENTER, {"features": list(recipe.segmenter.features)})
    borrows = _borrowed(recipe, folder)
    stages = tuple(name for name in TRAINED if getattr(recipe, name) is not None)
    _write_card(run, config, training_ranges(load_slices(run.cache / "slices", "train"), config), stages, borrows)
    return folder


def _borrowed(recipe: TrainRecipe, folder: Path) -> dict[str, Borrowed]:
    """The parts that the recipe borrows."""
    borrows: dict[str, Borrowed] = {}
    for part, name in recipe.borrow.items():
        borrows |= shared(find_model(name), (part,), folder)
    return borrows


def shared(lender: Model, parts: Iterable[str], folder: Path) -> dict[str, Borrowed]:
    """Parts of a model for another in `folder`: borrowed from one on the shelf, copied from one that may go."""
    if is_on_shelf(lender):
        return {part: lend(lender, part) for part in parts}
    for part in parts:
        shutil.copytree(part_folder(lender, part), folder / part)
    return {}


def export_adapted(run: Run, base: Model, network: NaDiffNetwork, config: NaDiffConfig, stage: str) -> Path:
    """Write a model that differs from its base in the denoiser alone; returns its folder.

    Args:
        run: Whose model.
        base: Every other network comes from here.
        network: The new denoiser, whole.
        config: The new configuration.
        stage: That trained it.
    """
    folder = emptied(run)
    shutil.copytree(base.folder, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns(FILE_NAME, DENOISER))
    save_weights(network, folder / DENOISER)
    own = training_ranges(load_slices(run.cache / "slices", "train"), config)
    _write_card(run, config, own, (stage,), base.info.borrows, base)
    return folder


def emptied(run: Run) -> Path:
    """The folder of the finished model, with nothing in it."""
    folder = run.model
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def _write_card(
    run: Run,
    config: NaDiffConfig,
    ranges: Ranges,
    stages: tuple[str, ...],
    borrows: Mapping[str, Borrowed],
    base: Model | None = None,
) -> None:
    recipe, folder = sliced(run.recipe), run.model
    records: dict[str, Any] = {name: stage_record(run, name) for name in stages}
    last = records[stages[-1]]
    if base is not None:
        records["base"] = {"model": base.info.name, "files": dict(base.info.files)}
    seen = f"{in_words(recipe.data)}, simulated photon noise at 5 to 100 % dose"
    if isinstance(recipe, TrainRecipe):
        seen, records = _beginning(recipe, seen, records)
    files = sorted(p for p in folder.rglob("*") if p.is_file())
    ModelInfo(
        name=recipe.model_name,
        title=recipe.title,
        system=recipe.system,
        size=base.info.size if base else getattr(recipe, "size", "demo"),
        config=config.model_dump(mode="json"),
        trained_on=f"{base.info.trained_on}; then {seen}" if base else f"{seen}; no patient data",
        ranges=ranges,
        training=Training(
            recipe=recipe.name,
            steps=last["steps"],
            seconds=round(sum(records[name]["seconds"] for name in stages), 1),
            device=device_name(run.accelerator.device),
            stages=records,
        ),
        licence=base.info.licence if base else _licence(recipe),
        files={p.relative_to(folder).as_posix(): file_digest(p) for p in files},
        borrows=dict(borrows),
    ).write(folder)


def _beginning(recipe: TrainRecipe, seen: str, records: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """What the denoiser began with, in words and for the record of the training."""
    if recipe.natural is not None:
        return f"{natural_in_words(recipe.natural)}; then {seen}", records
    if recipe.start:
        start = find_model(recipe.start).info
        return f"as {start.name}; then {seen}", {**records, "start": {"model": start.name, "files": dict(start.files)}}
    return seen, records


def _licence(recipe: SliceRecipe) -> str:
    """Ours, with those of the lenders that have another."""
    lenders = recipe.borrow.values() if isinstance(recipe, TrainRecipe) else ()
    others = {find_model(name).info.licence for name in lenders} - {LICENCE, ""}
    return "; ".join([LICENCE, *sorted(others)])


def training_ranges(slices: Slices, config: NaDiffConfig) -> Ranges:
    """What the training slices held: label areas and body areas from the 1st to the 99th percentile."""
    groups = (() if config.control else config.told_groups) or tuple(config.label_groups)
    known = sorted({name for group in groups for name in config.label_groups[group]})
    values = values_of(known)
    counts = np.stack([np.bincount(labels.ravel(), minlength=256) for labels in slices.labels])  # (N, 256)
    pixel = config.pixel_mm**2
    areas = {}
    for name, value in zip(known, values, strict=True):
        shown = counts[counts[:, value] * pixel >= LEAST_MM2, value]
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
        noise_sd_hu=_noise_range(slices, pixel),
    )


def _noise_range(slices: Slices, pixel_mm2: float) -> Range | None:
    """SD of the noise in the liver, over slices that show enough of it and all their realisations."""
    livers = np.isin(slices.labels, values_of(LIVER))
    rows = np.flatnonzero(livers.sum(axis=(1, 2)) * pixel_mm2 >= LEAST_LIVER_MM2)
    spread = [slices.noise_hu[row][:, livers[row]].astype(np.float32).std(axis=1) for row in rows]
    return _percentiles(np.concatenate(spread)) if spread else None


def _percentiles(values: np.ndarray) -> Range:  # type: ignore[type-arg]
    low, high = np.percentile(values, [1, 99])
    return Range(low=round(float(low), 1), high=round(float(high), 1))


def stage_record(run: Run, stage: str) -> Mapping[str, float | int]:
    """Steps and seconds of a stage, and the loss of its last steps."""
    position = run.store(stage).position()
    lines, _ = read_records(RunFiles(run.folder).steps, StepLine)
    last = [line.loss for line in lines if line.stage == stage][-LAST_STEPS:]
    record: dict[str, float | int] = {"steps": position.step, "seconds": round(position.seconds, 1)}
    return {**record, "loss": round(float(np.mean(last)), 5)} if last else record
