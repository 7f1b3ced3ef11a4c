"""`ctstudio train`: run a recipe."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Any

import typer

from ctstudio.catalog.meddiff_recipe import MeddiffLesionRecipe
from ctstudio.catalog.recipe import Recipe, SliceRecipe, StartedRecipe
from ctstudio.catalog.recipes import list_recipes, load_recipe, recipe_from
from ctstudio.cli.answer import answer
from ctstudio.cli.options import AsJson
from ctstudio.cli.progress import late_bar
from ctstudio.core.errors import ParameterError
from ctstudio.core.spoken import duration


def train(
    recipe: Annotated[
        str, typer.Argument(metavar="RECIPE", help="A recipe's name or its file.", show_default=False)
    ] = "",
    out: Annotated[
        Path | None, typer.Option("--out", help="Folder for checkpoints and the finished model.", show_default=False)
    ] = None,
    data: Annotated[
        Path | None, typer.Option("--data", help="A prepared data set in place of the recipe's data.")
    ] = None,
    base: Annotated[str, typer.Option("--base", help="Model to start from, in place of the recipe's.")] = "",
    changes: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Replace one value of the recipe.")
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on where an earlier run in this folder stopped.")
    ] = False,
    estimate: Annotated[
        bool, typer.Option("--estimate", help="Try a few steps of each stage, say what the whole will take, and end.")
    ] = False,
    price: Annotated[float, typer.Option("--price", help="Price of an hour of this machine, for the estimate.")] = 0.0,
    show_recipes: Annotated[bool, typer.Option("--list", help="List the recipes and end.")] = False,
    as_json: AsJson = False,
) -> None:
    """Train or fine-tune a model by a recipe. Ctrl+C stops it after the present step; --resume goes on."""
    if show_recipes:
        _list(as_json)
        return
    if not recipe:
        raise ParameterError(
            "Training needs a recipe.",
            "See 'ctstudio train --list' for the recipes, then: ctstudio train RECIPE --out DIR.",
        )
    chosen = _chosen(recipe, data, base, _as_pairs(changes or []))
    if estimate:
        _estimate(chosen, price, as_json)
        return
    if out is None:
        raise ParameterError("Training needs a folder: --out DIR.", "Name one that is empty or does not exist yet.")
    folder = _trained(chosen, out, resume, as_json)
    if os.environ.get("RANK", "0") != "0":  # one of several processes; the first one tells
        return
    answer(as_json, {"model": str(folder)}, [f"The model is in {folder}."])


def _chosen(name: str, data: Path | None, base: str, changes: dict[str, str]) -> Recipe:
    """The recipe with data and base replaced."""
    recipe = load_recipe(name, changes)
    settings = recipe.model_dump(mode="json")
    if data is not None:
        if not isinstance(recipe, SliceRecipe | MeddiffLesionRecipe):
            raise ParameterError(f"The recipe {recipe.name} learns on phantoms alone.", "Leave out --data.")
        each = {"slices_each": recipe.data.slices_each} if isinstance(recipe, SliceRecipe) else {}
        settings["data"] = {"source": "dataset", "folder": str(data), **each}
    if base:
        if not isinstance(recipe, StartedRecipe):
            raise ParameterError(f"The recipe {recipe.name} starts from nothing.", "Leave out --base.")
        settings["base"] = base
    return recipe_from(settings)


def _trained(recipe: Recipe, out: Path, resume: bool, as_json: bool) -> Path:
    from ctstudio.training.launch import run_recipe

    with late_bar(recipe.title) as bar:

        def report(stage: str, step: int, steps: int, loss: float) -> None:
            bar.at(step, steps, f"{stage}, loss {loss:.4f}" if loss else stage)

        def say(line: str) -> None:
            if not as_json:
                typer.echo(line)

        return run_recipe(recipe, out, resume, report, say)


def _estimate(recipe: Recipe, price: float, as_json: bool) -> None:
    from ctstudio.training.estimate import estimate

    with late_bar("Trying a few steps") as bar:
        told = estimate(recipe, price, lambda done, total, what: bar.at(done, total, what))
    facts: dict[str, Any] = told.model_dump(mode="json")
    lines = [f"{s.stage}: {s.steps} steps, about {duration(s.seconds)}" for s in told.stages]
    lines.append(
        f"All in all about {duration(told.seconds)} on this machine ({told.device}), "
        f"{told.memory_bytes / 2**30:.1f} GiB of memory, {told.disk_bytes / 2**30:.1f} GiB on disk."
    )
    lines.append("Measuring the finished model comes on top: minutes for a demo model, longer for a large one.")
    if told.cost is not None:
        lines.append(f"At {price:g} an hour: {told.cost:.2f}.")
    answer(as_json, facts, lines)


def _list(as_json: bool) -> None:
    recipes = list_recipes()
    facts = {
        "recipes": [
            {"name": r.name, "title": r.title, "about": r.about, "system": r.system, "kind": r.kind} for r in recipes
        ]
    }
    answer(as_json, facts, [f"{r.name}\n  {r.title}\n  {r.about}" for r in recipes])


def _as_pairs(changes: list[str]) -> dict[str, str]:
    pairs = {}
    for change in changes:
        key, sign, value = change.partition("=")
        if not sign or not key:
            raise ParameterError(f"--set {change!r} is not KEY=VALUE.", "For example: --set denoiser.steps=100.")
        pairs[key.strip()] = value.strip()
    return pairs
