"""Recipes written as TOML read back as what they were."""

from __future__ import annotations

import tomllib
from pathlib import Path

import scripted_trainer
from ctstudio.catalog.recipes import list_recipes, load_recipe, recipe_from
from ctstudio.jobs.recipe_file import recipe_toml


def test_every_recipe_comes_back_the_same(tmp_path: Path) -> None:
    recipes = [recipe_from(scripted_trainer.settings()), *list_recipes()]
    for number, recipe in enumerate(recipes):
        path = tmp_path / f"{number}.toml"
        path.write_text(recipe_toml(recipe.model_dump(mode="json")), encoding="utf-8")
        assert load_recipe(str(path)) == recipe


def test_awkward_values() -> None:
    settings = {
        "text": 'quote " back\\slash\nline \x7f \x01 ü µ',
        "numbers": [1, -2.5, 1e-05, 3e20, True],
        "nothing": None,
        "pair": [{"a": 1, "b": None}, {"c d": "x"}],
        "odd key.": {"deeper": {"x": 1}, "empty": {}},
        "last": 7,
    }
    back = tomllib.loads(recipe_toml(settings))
    assert back.pop("pair") == [{"a": 1}, {"c d": "x"}]
    del settings["nothing"], settings["pair"]
    assert back == settings


def test_numbers_that_are_none() -> None:
    back = tomllib.loads(recipe_toml({"low": float("-inf"), "high": float("inf"), "odd": float("nan")}))
    assert (back["low"], back["high"]) == (float("-inf"), float("inf"))
    assert back["odd"] != back["odd"]
