"""What a command says on stdout when it is done: lines for people, or one line for programs."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from typing import Any

import typer


def answer(as_json: bool, facts: Mapping[str, Any], lines: Iterable[str]) -> None:
    """Say the facts as one JSON line, or the lines as they are."""
    if as_json:
        typer.echo(json.dumps(_json_values(facts), sort_keys=True, default=str, allow_nan=False))
        return
    for line in lines:
        typer.echo(line)


def _json_values(value: Any) -> Any:
    """The same with None for numbers that JSON does not have."""
    if isinstance(value, Mapping):
        return {str(key): _json_values(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_json_values(one) for one in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
