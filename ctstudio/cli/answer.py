"""What a command says on stdout when it is done: lines for people, or one line for programs."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

import typer


def answer(as_json: bool, facts: Mapping[str, Any], lines: Iterable[str]) -> None:
    """Say the facts as one JSON line, or the lines as they are."""
    if as_json:
        typer.echo(json.dumps(facts, sort_keys=True, default=str))
        return
    for line in lines:
        typer.echo(line)
