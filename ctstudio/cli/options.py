"""Options that several commands share, so that they read the same everywhere."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

OutFolder = Annotated[Path, typer.Option("--out", help="Folder to write to.", show_default=False)]
OutFile = Annotated[Path, typer.Option("--out", help="File to write.", show_default=False)]
Seed = Annotated[int, typer.Option("--seed", min=0, help="The same seed gives the same result.")]
Device = Annotated[str, typer.Option("--device", metavar="auto|cpu|cuda", help="Where to compute.")]
Dtype = Annotated[str, typer.Option("--dtype", metavar="auto|fp32|bf16", help="Precision of the networks.")]
Model = Annotated[str, typer.Option("--model", help="A model's name on the shelf, or its folder.", show_default=False)]
AsJson = Annotated[bool, typer.Option("--json", help="Print one machine-readable line and nothing else.")]
