"""Recipes as TOML files: written here from JSON values, read by `catalog.recipe`."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any


def recipe_toml(settings: Mapping[str, Any]) -> str:
    """TOML of a recipe's settings. Values that are None are left out: TOML has none, and they are the defaults.

    Args:
        settings: JSON values by key; mappings become tables, lists arrays.
    """
    return "\n".join(_table(settings, ())).lstrip("\n") + "\n"


def _table(values: Mapping[str, Any], path: tuple[str, ...]) -> list[str]:
    """The lines of a table: its own values first, then the tables in it."""
    plain = {key: value for key, value in values.items() if value is not None and not isinstance(value, Mapping)}
    lines = [f"\n[{'.'.join(_key(part) for part in path)}]"] if path else []
    lines += [f"{_key(key)} = {_value(value)}" for key, value in plain.items()]
    for key, value in values.items():
        if isinstance(value, Mapping):
            lines += _table(value, (*path, key))
    return lines


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return _float(value)
    if isinstance(value, int):
        return str(value)
    if isinstance(value, list | tuple):
        return f"[{', '.join(_value(one) for one in value)}]"
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{_key(key)} = {_value(one)}' for key, one in value.items() if one is not None)}}}"
    return _text(str(value))


def _float(value: float) -> str:
    if math.isfinite(value):
        return repr(value)
    return "nan" if math.isnan(value) else "inf" if value > 0 else "-inf"


def _key(key: str) -> str:
    bare = key.isascii() and key.replace("_", "").replace("-", "").isalnum()
    return key if bare else _text(key)


def _text(text: str) -> str:
    """A basic string; TOML takes JSON's escapes, and wants DEL escaped too."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
