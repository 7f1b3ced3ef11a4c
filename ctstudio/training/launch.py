"""Run a recipe, stage after stage, into a folder; stop anywhere, resume there."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ctstudio.core.errors import ParameterError
from ctstudio.core.seeds import derived, stream
from ctstudio.nets.clip import WordTokenizer, build_clip
from ctstudio.nets.segmenter import build_segmenter
from ctstudio.systems.na_diff.conditions import label_groups
from ctstudio.systems.na_diff.layout import LayoutNetwork
from ctstudio.systems.na_diff.network import NaDiffNetwork
from ctstudio.training.calibration import calibrate_model
from ctstudio.training.export import export_model
from ctstudio.training.figures import measure_model
from ctstudio.training.loop import Progress, train
from ctstudio.training.phantom_slices import load_cache, make_cache
from ctstudio.training.run import Run, trained_clip, trained_vae
from ctstudio.training.stages.clip import ClipStage, captions, clip_config
from ctstudio.training.stages.denoiser import DenoiserStage, Encoded, encode_slices
from ctstudio.training.stages.layout import LayoutStage
from ctstudio.training.stages.segmenter import SegmenterStage
from ctstudio.training.stages.vae import VaeStage, build_vae, latent_statistics

STAGES = ("data", "vae", "clip", "segmenter", "layout", "latents", "denoiser", "export", "calibrate", "figures")
STATISTICS_SLICES = 256


def run_recipe(run: Run, resume: bool = False, stages: tuple[str, ...] = STAGES) -> Path:
    """Run the stages of a recipe and return the folder of the finished model.

    Args:
        run: Recipe, folder and reports.
        resume: Go on where an earlier run in this folder stopped.
        stages: Which stages to do, in order; those before must have been done.

    Raises:
        ParameterError: The folder already holds a run and `resume` is False, or an unknown stage.
    """
    unknown = [stage for stage in stages if stage not in STAGES]
    if unknown:
        raise ParameterError(f"There is no stage {unknown[0]!r}.", f"Choose from {', '.join(STAGES)}.")
    if not resume and (run.folder / "checkpoints").exists():
        raise ParameterError(f"{run.folder} already holds a training run.", "Add --resume, or choose another folder.")
    run.folder.mkdir(parents=True, exist_ok=True)
    for stage in stages:
        run.say(f"stage {stage}")
        torch.manual_seed(derived(run.recipe.seed, stage))
        _STAGES[stage](run)
    return run.folder / "model"


def _data(run: Run) -> None:
    def told(done: int, total: int) -> None:
        run.report(Progress("data", done, total, 0.0, 0.0))

    make_cache(run.folder / "cache", range(run.recipe.data.patients), run.recipe.data.slices_each, told)


def _vae(run: Run) -> None:
    slices, config = run.slices(), run.config
    vae = build_vae(run.recipe.vae, config)
    stage = VaeStage(vae, slices, run.recipe.vae, config)
    _train(run, "vae", stage)
    some = stream(run.recipe.seed, "statistics").permutation(len(slices))[:STATISTICS_SLICES]
    images = config.window.to_unit(slices.ct_hu[some] + slices.noise_hu[some, 0].astype(np.float32))
    mean, std = latent_statistics(vae.eval(), torch.from_numpy(images)[:, None])
    path = run.folder / "checkpoints" / "latent_statistics.json"
    path.write_text(json.dumps({"latent_mean": mean, "latent_std": std}), encoding="utf-8")


def _clip(run: Run) -> None:
    slices, config = run.slices(), run.config
    kinds = ["slice noise map mask at dose percent " + " ".join(str(p) for p in range(5, 101))]
    tokenizer = WordTokenizer.from_texts(captions(slices) + kinds, run.recipe.clip.context_length)
    tokenizer.save(run.folder / "checkpoints" / "vocabulary.json")
    clip = build_clip(clip_config(run.recipe.clip, tokenizer.vocab_size, config.clip_dim))
    _train(run, "clip", ClipStage(clip, tokenizer, slices, run.recipe.clip, config, label_groups(config)))


def _segmenter(run: Run) -> None:
    config = run.config
    network = build_segmenter(run.recipe.segmenter.features, len(config.label_groups))
    _train(run, "segmenter", SegmenterStage(network, run.slices(), run.recipe.segmenter, config, label_groups(config)))


def _layout(run: Run) -> None:
    config = run.config
    labels = run.slices().labels
    _train(run, "layout", LayoutStage(LayoutNetwork(config), labels, run.recipe.layout, label_groups(config)))


def _latents(run: Run) -> None:
    """Encode all slices, a patient a file, so that it can stop and resume."""
    vae, patients = trained_vae(run), run.recipe.data.patients
    for seed in range(patients):
        path = run.folder / "cache" / f"latents_{seed:06d}.npz"
        if not path.exists():
            encoded = encode_slices(vae, load_cache(run.folder / "cache", range(seed, seed + 1)), run.config)
            partial = path.with_name(f"partial_{seed:06d}.npz")
            np.savez(partial, **vars(encoded))
            partial.replace(path)
        run.report(Progress("latents", seed + 1, patients, 0.0, 0.0))


def _denoiser(run: Run) -> None:
    parts = [dict(np.load(p)) for p in sorted((run.folder / "cache").glob("latents_*.npz"))]
    encoded = Encoded(**{key: np.concatenate([p[key] for p in parts]) for key in parts[0]})
    clip, _, _ = trained_clip(run)
    network = NaDiffNetwork(run.config)
    _train(run, "denoiser", DenoiserStage(network, clip, encoded, run.recipe.denoiser, label_groups(run.config)))


def _export(run: Run) -> None:
    export_model(run)


def _calibrate(run: Run) -> None:
    calibrate_model(run)


def _figures(run: Run) -> None:
    measure_model(run)


def _train(run: Run, stage: str, work: Any) -> None:
    settings = getattr(run.recipe, stage)
    schedule = settings.schedule(run.recipe.seed)
    run.seconds[stage] = train(stage, work.module, work.loss, schedule, run.checkpoint(stage), run.report)


_STAGES: dict[str, Callable[[Run], None]] = {
    "data": _data,
    "vae": _vae,
    "clip": _clip,
    "segmenter": _segmenter,
    "layout": _layout,
    "latents": _latents,
    "denoiser": _denoiser,
    "export": _export,
    "calibrate": _calibrate,
    "figures": _figures,
}
