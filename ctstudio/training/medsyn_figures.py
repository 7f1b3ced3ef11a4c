"""Measure a finished MedSyn model on held-out phantoms and write the figures into its `model.json`."""

from __future__ import annotations

from typing import Any

from ctstudio.catalog.model_card import ModelInfo
from ctstudio.catalog.shelf import find_model
from ctstudio.evaluation.medsyn_evaluation import evaluate_medsyn
from ctstudio.evaluation.medsyn_paper import MedsynSettings
from ctstudio.evaluation.requests import result_of
from ctstudio.evaluation.volume_encoders import reader_encoder
from ctstudio.systems.medsyn.pipeline import generate
from ctstudio.systems.medsyn.reading import has_reader, load_reader
from ctstudio.systems.medsyn.weights import load
from ctstudio.training.medsyn_export import medsyn_config, medsyn_recipe
from ctstudio.training.medsyn_text import reading_figures, text_figures, trained_text
from ctstudio.training.run import Run

KEPT = ("questions", "arms", "phantoms", "distances", "segmentation", "classifier")
"""What of the evaluation goes into `model.json`."""


def measure_medsyn(run: Run) -> ModelInfo:
    """Measure the exported model of a run on held-out seeds; returns its `model.json` with the figures.

    What the text features carry is measured of every model, what the chests show only of those with a reader.
    """
    recipe, folder = medsyn_recipe(run), run.model
    encoder, model = trained_text(run, medsyn_config(run).text), find_model(folder)
    figures: dict[str, Any] = {
        "command": f"ctstudio train {recipe.name} --out DIR",
        "text": text_figures(encoder, recipe.text),
        "reading": reading_figures(encoder),
    }
    if has_reader(folder):
        device = run.accelerator.device
        loaded, reader = load(folder, model.info, device, encoder.network.dtype), load_reader(folder, device)
        settings = MedsynSettings(volumes=recipe.figures.volumes, segmented=min(16, recipe.figures.volumes))
        told = evaluate_medsyn(
            model,
            reader,
            reader_encoder(reader),
            lambda request: result_of(generate(request, loaded)),
            settings,
            run.cache / "figures",
            lambda done, total, words: run.watcher.progress(int(done), int(total)),
        )
        figures |= {name: told[name] for name in KEPT}
    measured = model.info.model_copy(update={"figures": figures})
    measured.write(folder)
    return measured
