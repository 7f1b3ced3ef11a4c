"""What a fine-tuned model gains on the population it was tuned for, beside the model it came from."""

from __future__ import annotations

import torch

from ctstudio.catalog.model_card import ModelInfo
from ctstudio.catalog.shelf import Model, find_model
from ctstudio.evaluation.held_out import FIRST_SEED, held_out_slices
from ctstudio.evaluation.organs import organ_figures
from ctstudio.systems.na_diff.weights import has_segmenter, load, load_segmenter
from ctstudio.training.data import population_of
from ctstudio.training.na_diff_networks import sliced
from ctstudio.training.run import Run


def measure_on_population(run: Run, base: Model) -> ModelInfo:
    """Measure the exported model and its base on held-out phantoms of the recipe's population.

    Returns:
        The model's card with the figures, which is written too.
    """
    folder = run.model
    info = find_model(folder).info
    config = load(folder, info, torch.device("cpu"), torch.float32).config
    count = sliced(run.recipe).figures.mask_slices
    slices = held_out_slices(count, config, FIRST_SEED + 60_000, population_of(sliced(run.recipe).data))
    figures: dict[str, object] = {"command": f"ctstudio train {run.recipe.name} --out DIR", "slices": count}
    for name, model in (("base", base), ("model", find_model(folder))):
        loaded = load(model.folder, model.info, torch.device("cpu"), torch.float32)
        segmenter = load_segmenter(model.folder, loaded.config) if has_segmenter(model) else None
        figures[name] = organ_figures(loaded, slices, segmenter)
        run.say(f"{name}: {figures[name]}")
    best = run.store("denoiser").position().best
    if best is not None:
        figures["best_validation_loss"] = -best
    measured = info.model_copy(update={"figures": figures})
    measured.write(folder)
    return measured
