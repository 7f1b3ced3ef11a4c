"""`ctstudio train`: run a recipe."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ctstudio.cli.answer import answer
from ctstudio.cli.options import AsJson
from ctstudio.cli.progress import late_bar
from ctstudio.core.errors import ParameterError

if TYPE_CHECKING:
    from ctstudio.training.recipe import Recipe


def train(
    recipe: Annotated[
        str, typer.Argument(metavar="RECIPE", help="A recipe's name or its file.", show_default=False)
    ] = "",
    out: Annotated[
        Path | None, typer.Option("--out", help="Folder for checkpoints and the finished model.", show_default=False)
    ] = None,
    changes: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Replace one value of the recipe.")
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on where an earlier run in this folder stopped.")
    ] = False,
    list_recipes: Annotated[bool, typer.Option("--list", help="List the recipes and end.")] = False,
    as_json: AsJson = False,
) -> None:
    """Train or fine-tune a model by a recipe. Ctrl+C stops it; --resume goes on."""
    if list_recipes:
        _list(as_json)
        return
    if not recipe or out is None:
        raise ParameterError(
            f"Training needs {'a folder: --out DIR' if recipe else 'a recipe'}.",
            "See 'ctstudio train --list' for the recipes, then: ctstudio train RECIPE --out DIR.",
        )
    from ctstudio.training.recipe import load_recipe

    folder = _trained(load_recipe(recipe, _as_pairs(changes or [])), out, resume, as_json)
    answer(as_json, {"model": str(folder)}, [f"The model is in {folder}."])


def _trained(recipe: Recipe, out: Path, resume: bool, as_json: bool) -> Path:
    from ctstudio.training.launch import run_recipe
    from ctstudio.training.loop import Progress
    from ctstudio.training.run import Run

    with late_bar(recipe.title) as bar:

        def report(now: Progress) -> None:
            loss = f", loss {now.loss:.4f}" if now.loss else ""
            bar.at(now.step, now.steps, f"{now.stage}{loss}")

        def say(line: str) -> None:
            if not as_json:
                typer.echo(line)

        return run_recipe(Run(recipe, out, report, say), resume)


def _list(as_json: bool) -> None:
    from ctstudio.training.recipe import list_recipes

    recipes = list_recipes()
    facts = {"recipes": [{"name": r.name, "title": r.title, "about": r.about, "system": r.system} for r in recipes]}
    answer(as_json, facts, [f"{r.name}\n  {r.title}\n  {r.about}" for r in recipes])


def _as_pairs(changes: list[str]) -> dict[str, str]:
    pairs = {}
    for change in changes:
        key, sign, value = change.partition("=")
        if not sign or not key:
            raise ParameterError(f"--set {change!r} is not KEY=VALUE.", "For example: --set denoiser.steps=100.")
        pairs[key.strip()] = value.strip()
    return pairs
