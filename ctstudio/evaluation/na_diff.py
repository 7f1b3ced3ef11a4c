"""The figures of an NA-Diff model: mask obeyed, dose obeyed, looks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from ctstudio.core.volume import Volume
from ctstudio.evaluation.held_out import FIRST_SEED, HeldOut, as_mask, held_out_slices, with_noise
from ctstudio.measure.artefacts import checkerboard_score, nearest
from ctstudio.measure.dose_prediction import predict_in_mask
from ctstudio.measure.noise import noise_sd_hu
from ctstudio.measure.noise_region import LIVER
from ctstudio.measure.overlap import dice
from ctstudio.nets.segmenter import segment
from ctstudio.protocol.events import Finished
from ctstudio.protocol.request import Request
from ctstudio.systems.na_diff.latents import decoded_hu, encoded
from ctstudio.systems.na_diff.pipeline import SLICES_AT_ONCE, generate
from ctstudio.systems.na_diff.weights import NaDiffModel

DOSES = (0.05, 0.10, 0.25, 0.50, 0.75, 1.0)
MASK_KINDS: dict[str, tuple[tuple[str, ...] | None, bool]] = {
    "liver_alone": (LIVER, True),
    "liver_alone_not_completed": (LIVER, False),
    "all_labels": (None, True),
}
"""What is painted (None: everything), and whether the model may complete it."""

LEAST_LIVER_MM2 = 900.0
"""Of a liver that a segmenter reads, for its noise to be measured."""

Say = Callable[[str], None]


def generate_slices(
    model: NaDiffModel, labels: NDArray[np.uint8], keep: tuple[str, ...] | None, dose: float, seed: int, **options: Any
) -> NDArray[np.float32]:
    """Generate each slice (M, 256, 256) as a user would: through the pipeline, from a mask, without a scan."""
    parts = []
    for begin in range(0, len(labels), SLICES_AT_ONCE):
        mask = as_mask(labels[begin : begin + SLICES_AT_ONCE], keep, model.config)
        parameters = {"dose": dose, "seed": seed + begin, **options}
        request = Request("figures", "na_diff", "generate", model.info.name, parameters, {"mask": mask})
        for event in generate(request, model):
            if isinstance(event, Finished):
                ct = event.result.samples[0].outputs["ct"]
                parts.append(ct.array.astype(np.float32) if isinstance(ct, Volume) else np.empty(0))
    return np.concatenate(parts)


def mask_figures(model: NaDiffModel, segmenter: nn.Module, count: int, say: Say) -> dict[str, float]:
    """Liver Dice between mask and the segmenter's reading, beside the segmenter's own on phantom slices.

    Keys: `segmenter_dice_phantoms`; for each kind of mask `dice_KIND` and `dice_KIND_shuffled`, the latter against
    the masks of all other patients, where `dice_phantoms_shuffled` is what a perfect model would give: livers lie in
    alike places. Means over `count` held-out slices at 25 % dose.
    """
    slices = held_out_slices(count, model.config)
    truth = slices.liver()
    real = with_noise(slices, 0.25, model.config)
    figures = {
        "slices": float(count),
        "segmenter_dice_phantoms": liver_dice(model, segmenter, real, truth),
        "dice_phantoms_shuffled": dice_with_others(truth, truth),
    }
    for kind, (keep, complete) in mask_kinds(model).items():
        made = generate_slices(model, slices.labels, keep, 0.25, seed=1, complete=complete)
        read = liver_read(model, segmenter, made)
        figures[f"dice_{kind}"] = float(np.mean([dice(a, b) for a, b in zip(read, truth, strict=True)]))
        figures[f"dice_{kind}_shuffled"] = dice_with_others(read, truth)
        say(f"{kind}: Dice {figures[f'dice_{kind}']:.3f}, shuffled {figures[f'dice_{kind}_shuffled']:.3f}")
    return figures


def mask_kinds(model: NaDiffModel) -> dict[str, tuple[tuple[str, ...] | None, bool]]:
    """Those of `MASK_KINDS` that differ for a model: completing needs a layout network, other organs being told of."""
    kinds = dict(MASK_KINDS)
    if model.layout is None:
        del kinds["liver_alone_not_completed"]
    if model.config.told_groups and not model.config.control:
        del kinds["all_labels"]
    return kinds


def dose_figures(model: NaDiffModel, count: int, say: Say, segmenter: nn.Module | None = None) -> dict[str, Any]:
    """Noise SD in the liver against the dose asked for, `count` held-out anatomies, six doses, all labels given.

    See `dose_response` for where it is measured.

    Keys: `median_sd_hu` and `median_requested_sd_hu` by dose, `ratio` of the two, `slope` of log SD over log dose
    (median over anatomies), `strictly_falling` part of the anatomies.
    """
    measured, requested = dose_response(model, count, FIRST_SEED + 20_000, DOSES, segmenter)
    for dose, got, asked in zip(DOSES, _medians(measured), _medians(requested), strict=True):
        say(f"dose {dose:.0%}: {got:.1f} HU of {asked:.1f}")
    return {
        "anatomies": count,
        "median_sd_hu": _by_dose(_medians(measured)),
        "median_requested_sd_hu": _by_dose(_medians(requested)),
        "ratio": _by_dose(_medians(measured / requested)),
        "slope": slope_of(measured),
        "strictly_falling": float(np.mean([(np.diff(row) < 0).all() for row in measured])),
    }


def slope_of(measured_sd_hu: NDArray[np.float64]) -> float:
    """Median over anatomies of the slope of log SD over log dose, from (N, len(DOSES)) HU; physics says -0.5.

    Anatomies whose noise could not be measured at every dose (NaN) are left out; NaN where none is left.
    """
    whole = measured_sd_hu[np.isfinite(measured_sd_hu).all(axis=1)]
    return float(np.median([np.polyfit(np.log(DOSES), np.log(row), 1)[0] for row in whole])) if len(whole) else np.nan


def dose_slope(made_hu: list[NDArray[np.float32]], liver: NDArray[np.bool_]) -> float:
    """The same from slices (N, 256, 256) at each of `DOSES`, measured in the liver (N, 256, 256)."""
    return slope_of(np.array([[noise_sd_hu(images[n], liver[n]) for images in made_hu] for n in range(len(liver))]))


def dose_response(
    model: NaDiffModel, count: int, first_seed: int, doses: tuple[float, ...], segmenter: nn.Module | None = None
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Noise SD in the liver that came and that was asked for, each (count, len(doses)) in HU, all labels given.

    A model that follows the mask in place is measured in the mask. Others put the liver elsewhere, and the edges of
    other organs in the mask are no noise: they are measured where a segmenter reads the liver, NaN where it is small.
    """
    slices = held_out_slices(count, model.config, first_seed)
    liver, pixel = slices.liver(), model.config.pixel_mm
    measured, requested = np.zeros((count, len(doses))), np.zeros((count, len(doses)))
    for column, dose in enumerate(doses):
        made = generate_slices(model, slices.labels, None, dose, seed=7)
        where = liver if segmenter is None or follows_in_place(model) else liver_read(model, segmenter, made)
        for row in range(count):
            enough = where[row].sum() * pixel**2 >= LEAST_LIVER_MM2
            measured[row, column] = noise_sd_hu(made[row], where[row]) if enough else np.nan
            requested[row, column] = predict_in_mask(slices.ct_hu[row].astype(np.float32), liver[row], pixel, dose)
    return measured, requested


def follows_in_place(model: NaDiffModel) -> bool:
    """Whether a model is told where each label lies, not only an embedding of the whole mask."""
    return model.config.spatial or model.config.control > 0


def noise_calibration(model: NaDiffModel, count: int, first_seed: int) -> tuple[float, float]:
    """Gain and floor (HU) of a model's answer to the noise map, by least squares of variances over relative error.

    Args:
        model: With gain 1 and floor 0; told of mask and noise map in place.
        count: Anatomies.
        first_seed: Of phantoms that neither training nor the figures use.
    """
    measured, requested = dose_response(model, count, first_seed, (0.05, 0.25, 1.0))
    weight = 1.0 / requested.ravel() ** 2
    terms = np.stack([requested.ravel() ** 2, np.ones(requested.size)], axis=1)
    gain2, floor2 = np.linalg.lstsq(terms * weight[:, None], measured.ravel() ** 2 * weight, rcond=None)[0]
    return float(np.sqrt(max(gain2, 0.25))), float(np.sqrt(max(floor2, 0.0)))


def vae_figures(model: NaDiffModel, count: int) -> dict[str, Any]:
    """Noise SD in the liver before and after encode and decode, at every dose: the ceiling of dose fidelity."""
    slices = held_out_slices(count, model.config, FIRST_SEED + 30_000)
    liver, figures = slices.liver(), {}
    for dose in DOSES:
        clipped = model.config.window.from_unit(model.config.window.to_unit(with_noise(slices, dose, model.config)))
        after = autoencoded(model, clipped)
        before_sd = np.median([noise_sd_hu(i, m) for i, m in zip(clipped, liver, strict=True)])
        after_sd = np.median([noise_sd_hu(i, m) for i, m in zip(after, liver, strict=True)])
        figures[f"{dose:.2f}"] = {"before_hu": round(float(before_sd), 2), "after_hu": round(float(after_sd), 2)}
    return figures


@torch.no_grad()
def autoencoded(model: NaDiffModel, images_hu: NDArray[np.float32]) -> NDArray[np.float32]:
    """Slices (N, 256, 256) HU after the VAE's encode and decode."""
    unit = torch.from_numpy(model.config.window.to_unit(images_hu))[:, None]
    parts = (encoded(model.vae, model.config, part).to(model.device) for part in unit.split(4))
    return np.concatenate([decoded_hu(model.vae, model.config, z) for z in parts])


def look_figures(model: NaDiffModel, bank_hu: NDArray[np.float32], slices: HeldOut, say: Say) -> dict[str, float]:
    """Sanity of the looks: latent-grid artefacts, sameness, and distance to the nearest training image (HU, RMSE)."""
    made = generate_slices(model, slices.labels, LIVER, 1.0, seed=11)
    window = model.config.window
    real = window.from_unit(window.to_unit(with_noise(slices, 1.0, model.config)))  # as the model's own slices are
    bank_hu = window.from_unit(window.to_unit(bank_hu))
    distances = [nearest(image, bank_hu)[1] for image in made]
    real_distances = [nearest(image, bank_hu)[1] for image in real]
    again = generate_slices(model, slices.labels[:4], LIVER, 1.0, seed=12)
    say(f"nearest training image: {np.median(distances):.0f} HU, held-out phantoms {np.median(real_distances):.0f} HU")
    return {
        "checkerboard_generated": float(np.median([checkerboard_score(i) for i in made])),
        "checkerboard_phantoms": float(np.median([checkerboard_score(i) for i in real])),
        "nearest_training_hu": float(np.median(distances)),
        "nearest_training_hu_phantoms": float(np.median(real_distances)),
        "two_seeds_differ_hu": float(np.sqrt(np.mean((again - made[:4]) ** 2))),
    }


def liver_dice(
    model: NaDiffModel, segmenter: nn.Module, images_hu: NDArray[np.float32], truth: NDArray[np.bool_]
) -> float:
    """Mean Dice of the segmenter's liver on slices (N, 256, 256) HU with the masks (N, 256, 256)."""
    read = liver_read(model, segmenter, images_hu)
    return float(np.mean([dice(a, b) for a, b in zip(read, truth, strict=True)]))


def liver_read(model: NaDiffModel, segmenter: nn.Module, images_hu: NDArray[np.float32]) -> NDArray[np.bool_]:
    """(N, 256, 256) the liver that the segmenter reads in slices (N, 256, 256) HU."""
    unit = torch.from_numpy(model.config.window.to_unit(images_hu))[:, None]
    return segment(segmenter, unit).numpy() == model.groups.index("liver") + 1  # type: ignore[no-any-return,arg-type]


def dice_with_others(read: NDArray[np.bool_], truth: NDArray[np.bool_]) -> float:
    """Mean Dice of each mask in `read` with all masks in `truth` but its own; both (N, H, W), N at least 2."""
    a, b = (masks.reshape(len(masks), -1).astype(np.float32) for masks in (read, truth))
    overlap = 2 * (a @ b.T) / np.maximum(a.sum(axis=1)[:, None] + b.sum(axis=1)[None], 1.0)  # (N, N)
    return float(overlap[~np.eye(len(read), dtype=bool)].mean())


def _medians(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Of each column, over the rows that hold a number; NaN where none does."""
    found = (column[np.isfinite(column)] for column in values.T)
    return np.array([np.median(column) if len(column) else np.nan for column in found])


def _by_dose(values: NDArray[np.float64]) -> dict[str, float]:
    return {f"{dose:.2f}": round(float(value), 3) for dose, value in zip(DOSES, values, strict=True)}
