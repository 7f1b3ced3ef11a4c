"""`ctstudio run SYSTEM TASK`: one command for each card; a new card is a new command."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ctstudio.cli import options
from ctstudio.cli.signatures import dashed, keyword, of_the_engine, signed

if TYPE_CHECKING:
    from ctstudio.catalog.card import Card
    from ctstudio.catalog.parameters import Parameter

HELP = "Run a task of a system: ctstudio run na-diff generate --mask M --dose 0.25 --out DIR."
_TYPES: dict[str, type] = {"number": float, "whole number": int, "yes or no": bool, "choice": str, "text": str}


def build(full: bool) -> typer.Typer:
    """The group of commands; empty unless `full`, because reading the cards takes time."""
    group = typer.Typer(help=HELP, no_args_is_help=True)
    return by_card(group, lambda card: True, "", command_of) if full else group


def by_card(
    group: typer.Typer, wanted: Callable[[Card], bool], about: str, command: Callable[[Card], Callable[..., None]]
) -> typer.Typer:
    """Fill a group with a command for each card that is wanted: `about`, or what the card says, is its help."""
    from ctstudio.catalog.cards import all_cards

    systems: dict[str, typer.Typer] = {}
    for card in filter(wanted, all_cards()):
        name = dashed(card.system)
        if name not in systems:
            systems[name] = typer.Typer(help=f"Tasks of {name}.", no_args_is_help=True)
            group.add_typer(systems[name], name=name)
        systems[name].command(dashed(card.task), help=about or f"{card.summary}\n\n{card.citation}")(command(card))
    return group


def command_of(card: Card) -> Callable[..., None]:
    """A function whose signature is the card's, for typer to read."""

    def work(given: dict[str, Any]) -> None:
        from ctstudio.cli.running import run_task

        run_task(card, given)

    return signed(
        f"{card.system}_{card.task}", work, [*_inputs(card), *parameter_options(card), _out(), *of_the_engine()]
    )


def _inputs(card: Card) -> list[inspect.Parameter]:
    made = []
    for one in card.inputs:
        option = typer.Option(f"--{dashed(one.name)}", metavar="FILE", help=one.help, show_default=False)
        kind = Annotated[Path, option] if one.required else Annotated[Path | None, option]
        made.append(keyword(one.name, kind, inspect.Parameter.empty if one.required else None))
    return made


def parameter_options(card: Card) -> list[inspect.Parameter]:
    """The parameters of a card as options of a command."""
    return [keyword(one.name, _annotated(one), None) for one in card.fields()]


def _annotated(one: Parameter) -> Any:
    """The card checks the range, so that the window and the command line complain in the same words."""
    default = "" if one.default in (None, "") else f" Default {one.default}."
    unit = f"{one.unit}, " if one.unit else ""
    metavar = "|".join(one.choices) if one.choices else None
    allowed = "" if one.choices or one.low is None else f" ({unit}{one.allowed})"
    text = f"{one.help}{allowed}{default}"
    name = f"--{dashed(one.name)}"
    if one.kind == "yes or no":  # what is on by default must be possible to turn off
        name += f"/--no-{dashed(one.name)}"
    option = typer.Option(name, metavar=metavar, help=text, show_default=False)
    kind: Any = _TYPES[one.kind]
    return Annotated[kind | None, option]


def _out() -> inspect.Parameter:
    return keyword("out", options.OutFolder, inspect.Parameter.empty)
