"""`ctstudio [FILES…]`: open the window."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from ctstudio.core.errors import InputError


def open_window(
    files: Annotated[list[Path] | None, typer.Argument(help="Images, label files, DICOM folders.")] = None,
    demo: Annotated[bool, typer.Option("--demo", help="Open the demo case when no files are given.")] = False,
) -> None:
    """Open the window on files."""
    _check_display()
    from ctstudio.ui import app

    raise typer.Exit(app.run([str(file) for file in files or []], demo))


def _check_display() -> None:
    """Refuse in words what Qt refuses by ending the process.

    Raises:
        InputError: There is no display, or libraries that a window needs are missing.
    """
    if sys.platform != "linux" or os.environ.get("QT_QPA_PLATFORM"):
        return
    from ctstudio.cli.machine import display

    here = display()
    if not here["name"]:
        raise InputError(
            "There is no display to open a window on.", "Without one, try: ctstudio demo --out DIR, or ctstudio --help."
        )
    if here["missing_packages"]:
        raise InputError(
            "System libraries that the window needs are missing.",
            f"Install them with: sudo apt-get install {' '.join(here['missing_packages'])}",
        )
