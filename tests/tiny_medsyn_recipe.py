"""A recipe of MedSyn that is done in seconds: 8 voxels an edge, raised to 16."""

from __future__ import annotations

from ctstudio.catalog.medsyn_recipe import MedsynRecipe
from ctstudio.catalog.recipes import load_recipe
from tiny_medsyn import CONFIG

CHANGES = {
    "network.base": "{side = 8, dim = 8, dim_mults = [1, 2], heads = 1, middle_groups = 1, stem = 3, patch = 2}",
    "network.upscaler": "{side = 16, dim = 8, dim_mults = [1, 2], heads = 1, stem = 3, patch = 2}",
    "network.text": "{" + ", ".join(f"{key} = {value}" for key, value in CONFIG["text"].items()) + "}",
    "data.coarse_patients": "3",
    "data.fine_patients": "2",
    "data.wordings": "2",
    "data.validation_patients": "2",
    "text.patients": "30",
    "text.wordings": "1",
    "text.steps": "2",
    "text.batch": "4",
    "coarse.steps": "2",
    "coarse.batch": "2",
    "upscaler.steps": "2",
    "upscaler.batch": "2",
    "upscaler.crop": "[8, 8, 8]",
    "upscaler.slab": "4",
    "figures.volumes": "2",
    "run.precision": "fp32",
    "run.validate_every": "1",
    "run.sample_every": "2",
    "run.samples": "1",
}


def tiny_medsyn_recipe(**more: str) -> MedsynRecipe:
    """The demo's recipe with everything small, and without a reader, which takes whole chests.

    More changes by dotted key, "__" for the dot.
    """
    recipe = load_recipe("demo/medsyn", {**CHANGES, **{key.replace("__", "."): value for key, value in more.items()}})
    assert isinstance(recipe, MedsynRecipe)
    return recipe.model_copy(update={"segmenter": None})
