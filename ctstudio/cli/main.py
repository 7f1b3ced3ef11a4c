"""The command `ctstudio`: which commands there are, and what it does with words that are none of them."""

from __future__ import annotations

import difflib
import os
import sys
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from ctstudio import __version__
from ctstudio.cli import (
    batch,
    dataset,
    demo,
    doctor,
    dose,
    engine,
    evaluate,
    models,
    phantom,
    recreate,
    run,
    train,
    window,
)
from ctstudio.cli.exits import INTERRUPTED, exit_code_of
from ctstudio.core.errors import ParameterError

HELP = """Paint a mask, turn the dose dial, and see the CT that such a patient would give.

[bold]ctstudio FILES…[/] opens the window on images, label files and DICOM folders. Without files it opens empty.
Everything that the program generates is synthetic, and says so."""


def main() -> None:
    """Run the command line and end the process with its exit code."""
    _quiet_libraries()
    code = exit_code_of(lambda: run_command(sys.argv[1:]))
    sys.exit(code)


def _quiet_libraries() -> None:
    """What libraries warn of is for developers, who run python -W default."""
    if not sys.warnoptions:
        warnings.simplefilter("ignore")
        for library in ("DIFFUSERS", "TRANSFORMERS"):
            os.environ.setdefault(f"{library}_VERBOSITY", "error")


def run_command(given: Sequence[str]) -> int:
    """Run one command line, without the program's name; return its exit code.

    Raises:
        CtStudioError: What was given cannot be used, or our fault.
    """
    app = build(given)
    names = [command.name for command in app.registered_commands] + [group.name for group in app.registered_groups]
    routed = _routed(list(given), [name for name in names if name])
    code = app(args=routed, prog_name="ctstudio", standalone_mode=False)
    if code == INTERRUPTED:
        raise KeyboardInterrupt
    return code if isinstance(code, int) else 0


def build(given: Sequence[str] = ()) -> typer.Typer:
    """The application; the tasks' commands are built from their cards only when `given` asks for them."""
    app = typer.Typer(name="ctstudio", help=HELP, no_args_is_help=False, add_completion=False, rich_markup_mode="rich")
    app.callback()(_options)
    app.command("window", hidden=True)(window.open_window)
    app.command("demo")(demo.demo)
    app.command("doctor")(doctor.doctor)
    app.command("phantom")(phantom.phantom)
    app.command("dose")(dose.dose)
    app.add_typer(run.build(full=given[:1] == ["run"]), name="run")
    app.add_typer(batch.build(full=given[:1] == ["batch"]), name="batch")
    app.command("recreate")(recreate.recreate)
    app.add_typer(models.build(), name="models")
    app.add_typer(dataset.build(), name="dataset")
    app.command("train")(train.train)
    app.command("evaluate")(evaluate.evaluate)
    app.command("engine", hidden=True)(engine.engine)
    return app


def _say_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"CT Studio {__version__}")
        raise typer.Exit


def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_say_version, is_eager=True, help="Say the version and end.")
    ] = False,
) -> None:
    """Options of the program itself; all of them end it."""


def _routed(given: list[str], commands: list[str]) -> list[str]:
    """Words that are no command are files for the window."""
    if not given:
        return ["window"]
    first = given[0]
    if first in commands or first.startswith("-"):
        return given
    if not Path(first).exists():
        close = difflib.get_close_matches(first, commands, 1)
        meant = f"Did you mean '{close[0]}'? " if close else ""
        raise ParameterError(f"There is no command and no file called {first!r}.", f"{meant}See ctstudio --help.")
    return ["window", *given]
