"""Commands whose options are known only when they are built: functions with a signature made for typer to read."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from typing import Annotated, Any

import typer

from ctstudio.cli import options


def signed(
    name: str, work: Callable[[dict[str, Any]], None], keywords: Iterable[inspect.Parameter]
) -> Callable[..., None]:
    """A function that takes some options by keyword and hands them on as one mapping.

    Args:
        name: Of the function.
        work: What it does with the options' values by name.
        keywords: The options, in the order of the help.
    """

    def command(**given: Any) -> None:
        work(given)

    signature = inspect.Signature(list(keywords))
    command.__name__ = name.replace("-", "_")
    command.__signature__ = signature  # type: ignore[attr-defined]
    command.__annotations__ = {one.name: one.annotation for one in signature.parameters.values()}
    return command


def keyword(name: str, annotation: Any, default: Any) -> inspect.Parameter:
    """An option of a command's signature."""
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)


def flag(name: str, help_text: str) -> inspect.Parameter:
    """An option that is on when it is named, off when not."""
    kind = Annotated[bool, typer.Option(f"--{dashed(name)}", help=help_text)]
    return keyword(name, kind, False)


def of_the_engine() -> list[inspect.Parameter]:
    """Model, device and precision, and how the answer is printed."""
    return [
        keyword("model", options.Model, ""),
        keyword("device", options.Device, "auto"),
        keyword("dtype", options.Dtype, "auto"),
        keyword("as_json", options.AsJson, False),
    ]


def dashed(name: str) -> str:
    """A name as it is typed on the command line."""
    return name.replace("_", "-")
