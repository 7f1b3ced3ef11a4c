"""`ctstudio batch SYSTEM TASK --reports FILE`: a chest for each row of a table of reports."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ctstudio.cli import options
from ctstudio.cli.run import parameter_options
from ctstudio.cli.signatures import flag, keyword, of_the_engine, signed

if TYPE_CHECKING:
    from ctstudio.catalog.card import Card

ABOUT = """A chest for each row of a table of reports.

The table is a CSV file in UTF-8 whose heading names the columns findings, impression, seed and name; a row needs
findings or an impression. Each row becomes a folder of its own, named by its name or its line. A batch may be stopped
(Ctrl+C) or killed at any moment: the same command makes what is missing, and leaves alone what is there."""
OF_ROWS = ("text", "impression", "count")
"""Parameters that the table gives, or that make no sense in it."""


def takes_reports(card: Card) -> bool:
    """Whether a task can be done for each report of a table."""
    given = any(one.required for one in card.inputs)
    return not given and any(field.widget == "text area" for field in card.fields())


def command_of(card: Card) -> Callable[..., None]:
    """A function whose signature is the card's, for typer to read."""

    def work(given: dict[str, Any]) -> None:
        from ctstudio.cli.report_batching import run

        run(card, given, OF_ROWS)

    parameters = [one for one in parameter_options(card) if one.name not in OF_ROWS]
    return signed(f"batch_{card.system}_{card.task}", work, [*_places(), *parameters, *_choices(), *of_the_engine()])


def _places() -> list[inspect.Parameter]:
    reports = typer.Option("--reports", metavar="CSV", help="Table of reports.", show_default=False)
    return [
        keyword("reports", Annotated[Path, reports], inspect.Parameter.empty),
        keyword("out", options.OutFolder, inspect.Parameter.empty),
    ]


def _choices() -> list[inspect.Parameter]:
    return [
        flag("leave_out", "Leave out rows that cannot be used, instead of refusing."),
        flag("estimate", "Say how many, how long and how large, and end."),
    ]
