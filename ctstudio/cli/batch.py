"""`ctstudio batch SYSTEM TASK`: a folder of masks, lists of parameter values, and a data set made of them."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ctstudio.cli import report_batch
from ctstudio.cli.run import by_card
from ctstudio.cli.signatures import dashed, flag, keyword, of_the_engine, signed

if TYPE_CHECKING:
    from ctstudio.catalog.card import Card
    from ctstudio.catalog.parameters import Parameter

HELP = """Many images at once: of a folder of masks, or of a table of reports.

ctstudio batch na-diff generate --masks DIR --doses 0.05,0.1,0.25 --seeds 0-4 --out DIR

ctstudio batch medsyn generate --reports TABLE.csv --out DIR

A batch may be killed at any moment; the same command goes on where it stopped."""

_ABOUT = """Every mask in a folder with every value of the parameters, as a data set for segmentation training.

Each parameter takes one value or several: 0.05,0.1,25% for numbers, 0-4 for whole numbers. A case is one mask with one
value of each. The images hold only slices that were generated. A batch may be stopped (Ctrl+C) or killed at any
moment: the same command, or --resume with the folder alone, goes on, and the images are the same to the byte."""


def build(full: bool) -> typer.Typer:
    """The group of commands, one for each task that follows a mask or a report; empty unless `full`."""
    group = typer.Typer(help=HELP, no_args_is_help=True)
    if full:
        by_card(group, takes_mask, _ABOUT, command_of)
        by_card(group, report_batch.takes_reports, report_batch.ABOUT, report_batch.command_of)
    return group


def takes_mask(card: Card) -> bool:
    """Whether a task can be done for each mask of a folder."""
    return any(one.kind == "mask" and one.required for one in card.inputs)


def command_of(card: Card) -> Callable[..., None]:
    """A function whose signature is the card's, for typer to read."""

    def work(given: dict[str, Any]) -> None:
        from ctstudio.cli.batch_command import run

        run(card, given)

    from ctstudio.catalog.sweeps import swept_parameters

    return signed(
        f"batch_{card.system}_{card.task}",
        work,
        [*_places(), *map(_swept, swept_parameters(card)), *_data_set(), *of_the_engine()],
    )


def _places() -> list[inspect.Parameter]:
    masks = typer.Option("--masks", metavar="DIR", help="Folder of masks: NIfTI, NRRD, MHA.", show_default=False)
    out = "Folder to write to: nnU-Net's raw folder, in which the data set gets its own; or the data set itself."
    return [
        keyword("masks", Annotated[Path | None, masks], None),
        keyword("out", Annotated[Path, typer.Option("--out", help=out, show_default=False)], inspect.Parameter.empty),
    ]


def _swept(field: Parameter) -> inspect.Parameter:
    """A parameter as a list; doses and seeds may be called by their plural."""
    names = [f"--{dashed(field.name)}"]
    if field.widget in ("dose", "seed"):
        names.insert(0, f"--{dashed(field.name)}s")
    allowed = "yes,no" if field.kind == "yes or no" else field.allowed
    default = (
        {True: "yes", False: "no"}.get(field.default, field.default) if field.kind == "yes or no" else field.default
    )
    text = f"{field.help} ({allowed}) Default {default}."
    option = typer.Option(*names, metavar="LIST", help=text, show_default=False)
    return keyword(field.name, Annotated[str | None, option], None)


def _data_set() -> list[inspect.Parameter]:
    layout = "nnunet, or runs for a folder a sample with noise map and preview."
    name = "Name of the data set, for nnU-Net DatasetNNN_Name. Default Dataset501_Synthetic, or the folder's own name."
    labels = "Labels of the data set in order, such as liver,spleen. Default: all that the masks hold."
    source = "Label maps as the masks were given, or of the anatomy that the model completed."
    pattern = "Finds the patient in a mask's path: its first group. Default: each mask is a patient."
    return [
        keyword("layout", _text("--layout", layout, "nnunet|runs"), "nnunet"),
        keyword("name", _text("--name", name, "NAME"), ""),
        keyword("labels", _text("--labels", labels, "LIST"), ""),
        keyword("label_source", _text("--label-source", source, "given|completed"), "given"),
        keyword("patient_pattern", _text("--patient-pattern", pattern, "REGEX"), ""),
        flag("leave_out", "Leave out files that cannot be used, instead of refusing."),
        flag("resume", "Go on with the batch in the folder, with its own settings."),
        flag("estimate", "Say how many, how long and how large, and end."),
    ]


def _text(name: str, help_text: str, metavar: str) -> Any:
    return Annotated[str, typer.Option(name, help=help_text, metavar=metavar, show_default=False)]
