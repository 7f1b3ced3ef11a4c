"""`ctstudio models`: the shelf of models."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ctstudio.cli.answer import answer
from ctstudio.cli.model_import import import_model
from ctstudio.cli.options import AsJson

if TYPE_CHECKING:
    from ctstudio.catalog.model_card import ModelInfo
    from ctstudio.catalog.shelf import Model


class Checkpoint(StrEnum):
    """Which checkpoint of a run is meant."""

    best = "best"
    last = "last"


ModelName = Annotated[str, typer.Argument(metavar="NAME|PATH", help="A model on the shelf, or a model's folder.")]


def build() -> typer.Typer:
    """The group of commands."""
    group = typer.Typer(help="The shelf of models: list, show, check, import, promote.", no_args_is_help=True)
    group.command("list")(list_models)
    group.command("show")(show)
    group.command("check")(check)
    group.command("import")(import_model)
    group.command("promote")(promote)
    return group


def list_models(as_json: AsJson = False) -> None:
    """List the models found on this machine, and what is wrong with those that cannot be used."""
    from ctstudio.catalog.shelf import look

    shelf = look()
    facts = {"models": [_facts(model) for model in shelf.models], "notes": list(shelf.notes)}
    lines = [
        "\n  ".join((m.info.name, m.info.title, *filter(None, [m.info.not_ready]), str(m.folder))) for m in shelf.models
    ]
    answer(as_json, facts, [*(lines or ["There is no model on this machine."]), *shelf.notes])


def show(name: ModelName, as_json: AsJson = False) -> None:
    """Show what a model is, what it was trained on, and its measured figures."""
    from ctstudio.catalog.shelf import find_model

    model = find_model(name)
    facts = {**model.info.model_dump(mode="json"), "folder": str(model.folder)}
    answer(as_json, facts, _described(model))


def check(name: ModelName, as_json: AsJson = False) -> None:
    """Compare every file of a model with its sha256."""
    from ctstudio.catalog import shelf

    model = shelf.find_model(name)
    shelf.check(model)
    count = len(model.info.files)
    facts = {"name": model.info.name, "files": count, "intact": True}
    answer(as_json, facts, [f"{model.info.name}: all {count} files are as model.json describes them."])


def promote(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="Folder of a training run.", show_default=False)],
    name: Annotated[str, typer.Option("--name", help="Name of the new model.", show_default=False)],
    checkpoint: Annotated[
        Checkpoint, typer.Option("--checkpoint", help="The best by validation, or the last.")
    ] = Checkpoint.best,
    as_json: AsJson = False,
) -> None:
    """Put a checkpoint of a training run on the shelf, while the run goes on or after it."""
    from ctstudio.catalog.shelf import own_models_dir
    from ctstudio.training.promote import promote as put_on_shelf

    folder = put_on_shelf(run, name, own_models_dir(), checkpoint.value)
    answer(as_json, {"name": name, "folder": str(folder)}, [f"The model {name} is in {folder}."])


def _facts(model: Model) -> dict[str, Any]:
    info = model.info
    return {
        "name": info.name,
        "title": info.title,
        "system": info.system,
        "size": info.size,
        "folder": str(model.folder),
        "not_ready": info.not_ready,
    }


def _told_of(info: ModelInfo) -> list[str]:
    """What a model of its system follows or makes."""
    if info.system == "medsyn":
        sides = (info.config[stage]["side"] for stage in ("base", "upscaler"))
        coarse, fine = (" x ".join([str(side)] * 3) for side in sides)
        return [f"  volume      {fine} voxels, from a coarse one of {coarse}"]
    if info.system == "meddiff_fm":
        window = " x ".join([str(info.config.get("patch", 128))] * 3)
        kinds = ", ".join(kind.replace("_", " ") for kind in info.config.get("controls", ())) or "none"
        return [
            f"  volume      of any size, in windows of {window} voxels of {info.config.get('spacing_mm', 1.0):g} mm",
            f"  lesions     {kinds}",
        ]
    dose = info.ranges.dose
    return [
        f"  dose        {f'{dose.low:.0%} to {dose.high:.0%}' if dose else 'not stated'}",
        f"  labels      {', '.join(info.ranges.labels)}",
    ]


def _described(model: Model) -> list[str]:
    info = model.info
    lines = [
        info.title,
        f"  name        {info.name}",
        f"  system      {info.system}, {info.size} size",
        f"  folder      {model.folder}",
        f"  licence     {info.licence or 'not stated'}",
        f"  trained on  {info.trained_on or 'not stated'}",
        f"  region      {info.ranges.region}",
        f"  view        {info.ranges.fov_mm} mm, voxels {info.ranges.spacing_mm} mm",
        *_told_of(info),
    ]
    for part, origin in info.origins.items():
        lines.append(f"  {part:<11} {origin['network']}")
        lines.append(
            f"              {origin['filled']} of {origin['of']} tensors from {origin['file']} ({origin['layout']})"
        )
    if info.not_ready:
        lines.append(f"  NOT READY   {info.not_ready}")
    if info.training is not None:
        made = info.training
        lines.append(f"  training    {made.recipe}, {made.steps} steps, {made.seconds / 60:.0f} min on {made.device}")
    return lines + [f"  {name}  {_in_a_line(value)}" for name, value in info.figures.items()]


def _in_a_line(figure: Any) -> str:
    """A figure as it is; of a table within a table, how long it is: `--json` has it all."""
    inside = figure.values() if isinstance(figure, dict) else figure if isinstance(figure, list) else ()
    if any(isinstance(one, dict | list) for one in inside):
        return f"{len(figure)} entries; --json has them all"
    return str(figure)
