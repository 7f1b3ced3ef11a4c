"""Recipes: read, changed, refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from ctstudio.catalog.recipe import TrainRecipe
from ctstudio.catalog.recipes import list_recipes, load_recipe, recipes_dir
from ctstudio.core.errors import ParameterError
from ctstudio.systems.na_diff.conditions import ENVELOPE, label_groups
from ctstudio.systems.na_diff.config import NaDiffConfig

DEMO = "demo/na-diff"


def test_the_demo_recipe_makes_the_demo_model() -> None:
    recipe = load_recipe(DEMO)
    assert isinstance(recipe, TrainRecipe)
    assert (recipe.name, recipe.system, recipe.model_name) == (DEMO, "na_diff", "na-diff-demo")
    config = NaDiffConfig.model_validate(recipe.network)
    assert config.spatial
    assert (config.image_size, config.pixel_mm) == (256, 1.5)
    groups = label_groups(config)
    assert ENVELOPE in groups.names
    assert {"liver", "lesion"} <= set(groups.names)
    assert 2 ** (len(recipe.vae.block_out_channels) - 1) == config.vae_factor


def test_every_recipe_is_listed_under_the_name_it_is_loaded_by() -> None:
    recipes = list_recipes()
    assert recipes
    for recipe in recipes:
        assert load_recipe(recipe.name) == recipe


def test_a_recipe_may_be_a_file(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_bytes((recipes_dir() / "demo" / "na-diff.toml").read_bytes())
    assert load_recipe(str(file)) == load_recipe(DEMO)


def test_single_values_can_be_replaced_at_any_depth() -> None:
    changes = {
        "seed": "7",
        "denoiser.steps": "100",
        "clip.warm_up": "3",
        "figures.mask_slices": "2",
        "vae.learning_rate": "1e-3",
        "vae.block_out_channels": "[4, 8]",
        "network.label_groups.liver": '["liver", "gallbladder"]',
        "title": "My own, with words",
    }
    recipe = load_recipe(DEMO, changes)
    assert isinstance(recipe, TrainRecipe)
    assert recipe.seed == 7
    assert recipe.denoiser.steps == 100
    assert recipe.vae.learning_rate == 1e-3
    assert recipe.vae.block_out_channels == (4, 8)
    assert recipe.network["label_groups"]["liver"] == ["liver", "gallbladder"]
    assert recipe.title == "My own, with words"
    assert recipe.clip.warm_up == 3
    assert recipe.figures.mask_slices == 2
    assert load_recipe(DEMO, {"run.keep": "3"}).run.keep == 3  # a value that the file leaves out


@pytest.mark.parametrize("key", ["denoiser.stepz", "nothing", "nothing.at.all", "seed.steps", "seed.steps.more"])
def test_an_unknown_key_is_named(key: str) -> None:
    with pytest.raises(ParameterError, match=key.replace(".", r"\.")):
        load_recipe(DEMO, {key: "1"})


@pytest.mark.parametrize(
    ("key", "value"), [("denoiser.steps", "many"), ("vae.block_out_channels", "3"), ("data.patients", "1.5")]
)
def test_a_value_of_the_wrong_kind_is_named(key: str, value: str) -> None:
    with pytest.raises(ParameterError, match=key.replace(".", r"\.")):
        load_recipe(DEMO, {key: value})


def test_a_key_too_many_or_too_few_in_a_file_is_named(tmp_path: Path) -> None:
    text = (recipes_dir() / "demo" / "na-diff.toml").read_text()
    more, less, torn = tmp_path / "more.toml", tmp_path / "less.toml", tmp_path / "torn.toml"
    more.write_text(text.replace("[vae]", "[vae]\nmomentum = 1", 1))
    less.write_text(text.replace("crop = 64", "", 1))
    torn.write_text("name = ")
    with pytest.raises(ParameterError, match=r"vae\.momentum in more\.toml"):
        load_recipe(str(more))
    with pytest.raises(ParameterError, match=r"vae\.crop in less\.toml"):
        load_recipe(str(less))
    with pytest.raises(ParameterError, match=r"torn\.toml is not valid TOML"):
        load_recipe(str(torn))


def test_a_recipe_that_is_not_there_is_refused_with_those_that_are() -> None:
    with pytest.raises(ParameterError, match=r"no/such.*demo/na-diff"):
        load_recipe("no/such")
