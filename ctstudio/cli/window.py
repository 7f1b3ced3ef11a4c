"""`ctstudio [FILES…]`: open the window."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def open_window(
    files: Annotated[list[Path] | None, typer.Argument(help="Images, label files, DICOM folders.")] = None,
) -> None:
    """Open the window on files."""
    from ctstudio.ui import app

    raise typer.Exit(app.run(files or []))
