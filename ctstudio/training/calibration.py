"""Measure how a finished model answers its noise map, and write the correction into its `model.json`."""

from __future__ import annotations

import torch

from ctstudio.catalog.model_card import ModelInfo
from ctstudio.catalog.shelf import find_model
from ctstudio.evaluation.na_diff import noise_calibration
from ctstudio.systems.na_diff.weights import load
from ctstudio.training.na_diff_networks import sliced
from ctstudio.training.run import Run

FIRST_SEED = 9_000
"""Seeds that training may use but the recipe's patients do not reach; the figures begin at 10 000."""


def calibrate_model(run: Run) -> ModelInfo:
    """Set `noise_gain` and `noise_floor_hu` of the exported model; returns its new `model.json`."""
    folder = run.model
    info = find_model(folder).info
    untouched = {**info.config, "noise_gain": 1.0, "noise_floor_hu": 0.0}
    model = load(folder, info.model_copy(update={"config": untouched}), torch.device("cpu"), torch.float32)
    gain, floor_hu = noise_calibration(model, sliced(run.recipe).figures.calibration_anatomies, FIRST_SEED)
    run.say(f"noise gain {gain:.3f}, floor {floor_hu:.1f} HU")
    config = {**untouched, "noise_gain": round(gain, 4), "noise_floor_hu": round(floor_hu, 3)}
    calibrated = info.model_copy(update={"config": config})
    calibrated.write(folder)
    return calibrated
