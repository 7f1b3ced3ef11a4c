"""How well generated organs have the HU and the shape that the same organs have in the phantoms."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from torch import nn

from ctstudio.core.labels import values_of
from ctstudio.evaluation.held_out import HeldOut, with_noise
from ctstudio.evaluation.na_diff import generate_slices, liver_dice
from ctstudio.systems.na_diff.weights import NaDiffModel

ORGANS = ("liver", "spleen", "kidney_right", "kidney_left", "aorta", "inferior_vena_cava", "subcutaneous_fat")
LEAST_PIXELS = 60


def organ_figures(
    model: NaDiffModel, slices: HeldOut, segmenter: nn.Module | None = None, dose: float = 0.25
) -> dict[str, float]:
    """Mean absolute difference of each organ's mean HU between generated slice and phantom, all labels painted.

    Args:
        model: That generates.
        slices: Held-out phantoms.
        segmenter: That reads the liver, for its Dice with the mask.
        dose: Of both.

    Returns:
        `organ_hu_error`, the mean over organs, and one `NAME_hu_error` for each organ that enough slices show, HU;
        `liver_dice` with a segmenter.
    """
    window = model.config.window
    made = generate_slices(model, slices.labels, None, dose, seed=1)
    real = window.from_unit(window.to_unit(with_noise(slices, dose, model.config)))  # as the model's own slices are
    errors = {}
    for name, value in zip(ORGANS, values_of(ORGANS), strict=True):
        where = slices.labels == value
        shown = [row for row, mask in enumerate(where) if mask.sum() >= LEAST_PIXELS]
        gaps = [abs(_mean(made[row], where[row]) - _mean(real[row], where[row])) for row in shown]
        if gaps:
            errors[f"{name}_hu_error"] = round(float(np.mean(gaps)), 2)
    found = {"organ_hu_error": round(float(np.mean(list(errors.values()))), 2), **errors}
    if segmenter is not None:
        found["liver_dice"] = round(liver_dice(model, segmenter, made, slices.liver()), 4)
    return found


def _mean(image: NDArray[np.float32], where: NDArray[np.bool_]) -> float:
    return float(image[where].mean())
