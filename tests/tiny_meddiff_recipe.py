"""A recipe of MedDiff-FM that is done in seconds: patches of 8 voxels of bodies at 24 mm."""

from __future__ import annotations

from ctstudio.catalog.meddiff_recipe import MeddiffRecipe
from ctstudio.catalog.recipes import load_recipe

CHANGES = {
    "network.patch": "8",
    "network.spacing_mm": "24.0",
    "network.channels": "[8, 8]",
    "network.attention": "[false, true]",
    "network.head_channels": "8",
    "network.groups": "4",
    "network.frequencies": "2",
    "network.anatomy_width": "2",
    "network.context": "8",
    "data.patients": "2",
    "data.lesion_patients": "2",
    "data.validation_patients": "1",
    "denoiser.steps": "2",
    "denoiser.batch": "2",
    "control.steps": "2",
    "control.batch": "2",
    "figures.patients": "1",
    "figures.steps": "2",
    "run.precision": "fp32",
    "run.validate_every": "1",
    "run.sample_every": "2",
    "run.samples": "1",
}


def tiny_meddiff_recipe(**more: str) -> MeddiffRecipe:
    """The demo's recipe with everything small, and without a reader.

    More changes by dotted key, "__" for the dot.
    """
    changes = {**CHANGES, **{key.replace("__", "."): value for key, value in more.items()}}
    recipe = load_recipe("demo/meddiff-fm", changes)
    assert isinstance(recipe, MeddiffRecipe)
    return recipe.model_copy(update={"segmenter": None})
