"""Measure a finished model on held-out phantoms and write the figures into its `model.json`."""

from __future__ import annotations

import numpy as np
import torch

from ctstudio.catalog.model_card import ModelInfo
from ctstudio.catalog.shelf import find_model
from ctstudio.evaluation.held_out import FIRST_SEED, held_out_slices
from ctstudio.evaluation.na_diff import dose_figures, look_figures, mask_figures, vae_figures
from ctstudio.systems.na_diff.weights import has_segmenter, load, load_segmenter
from ctstudio.training.data import load_slices
from ctstudio.training.na_diff_networks import sliced
from ctstudio.training.run import Run


def measure_model(run: Run) -> ModelInfo:
    """Measure the exported model of a run on held-out seeds; returns its `model.json` with the figures."""
    folder = run.model
    info = find_model(folder).info
    model = load(folder, info, torch.device("cpu"), torch.float32)
    slices, counts = load_slices(run.cache / "slices", "train"), sliced(run.recipe).figures
    rows = np.linspace(0, len(slices) - 1, min(counts.bank_slices, len(slices))).astype(int)
    bank = slices.image_hu(rows, np.zeros_like(rows))
    looked_at = held_out_slices(counts.look_slices, model.config, FIRST_SEED + 40_000)
    segmenter = load_segmenter(folder, model.config) if has_segmenter(find_model(folder)) else None
    figures = {
        "command": f"ctstudio train {run.recipe.name} --out DIR",
        "vae_noise_sd": vae_figures(model, counts.vae_slices),
        "dose": dose_figures(model, counts.dose_anatomies, run.say, segmenter),
        "looks": look_figures(model, bank, looked_at, run.say),
    }
    if segmenter is not None:
        figures["mask"] = mask_figures(model, segmenter, counts.mask_slices, run.say)
    measured = info.model_copy(update={"figures": figures})
    measured.write(folder)
    return measured
