"""Lists of values for the parameters of a task: what a batch goes through."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping
from typing import Any

from ctstudio.catalog.card import Card
from ctstudio.catalog.parameters import Parameter
from ctstudio.core.errors import ParameterError

Sweeps = dict[str, tuple[Any, ...]]
"""For each parameter of a task its values, one or more."""

FIXED = {"count": 1}
"""Parameters that a batch does not offer: it goes through seeds instead."""

MOST_VALUES = 100_000
_BETWEEN = re.compile(r"[,;\s]+")
_RANGE = re.compile(r"(\d+)-(\d+)")
_SPELLED = {".": "p", "+": "plus", "-": "m", "%": "pc"}


def swept_parameters(card: Card) -> tuple[Parameter, ...]:
    """The parameters of a task that may take several values in a batch."""
    return tuple(field for field in card.fields() if field.name not in FIXED)


def sweeps_from(card: Card, given: Mapping[str, str]) -> Sweeps:
    """The values of all parameters, from texts such as "0.05, 10 %, 0.25" and "0-4"; defaults where none is given.

    Args:
        card: The task.
        given: Text by the parameter's name.

    Raises:
        ParameterError: An empty list, a value twice, a value that the card refuses, or too many values.
    """
    fields = {field.name: field for field in swept_parameters(card)}
    unknown = [name for name in given if name not in fields]
    if unknown:
        raise ParameterError(f"A batch has no list of {unknown[0]!r}.", f"It has: {', '.join(fields)}.")
    sweeps: Sweeps = {}
    for name, field in fields.items():
        parts = _parts(field, given[name]) if name in given else [(field.default,)]
        values = tuple(itertools.chain.from_iterable(_allowed(card, name, part) for part in parts))
        _check_unique(field, values)
        sweeps[name] = values
    return sweeps


def combinations(sweeps: Mapping[str, tuple[Any, ...]]) -> Iterator[dict[str, Any]]:
    """Every combination of the values; the last parameter changes fastest, seeds fastest of all."""
    names = sorted(sweeps, key=lambda name: name == "seed")
    for values in itertools.product(*(sweeps[name] for name in names)):
        yield dict(zip(names, values, strict=True)) | FIXED


def tag_of(card: Card, sweeps: Mapping[str, tuple[Any, ...]], values: Mapping[str, Any]) -> str:
    """What a combination is called in file names: "dose0p25_seed3"; other parameters only when they vary."""
    told = [f for f in swept_parameters(card) if f.widget in ("dose", "seed") or len(sweeps[f.name]) > 1]
    return "_".join(f"{field.name.replace('_', '')}{_spelled(values[field.name])}" for field in told)


def text_of(values: tuple[Any, ...]) -> str:
    """A list as it is typed; whole numbers in a row become a range."""
    whole = [value for value in values if isinstance(value, int) and not isinstance(value, bool)]
    if len(whole) == len(values) > 1 and list(values) == list(range(whole[0], whole[0] + len(whole))):
        return f"{whole[0]}-{whole[-1]}"
    return ", ".join(_plain(value) for value in values)


def _parts(field: Parameter, text: str) -> list[tuple[Any, ...]]:
    """Single values and ranges, as they stand in a text."""
    parts = [part for part in _BETWEEN.split(re.sub(r"\s+%", "%", text.strip())) if part]
    if not parts:
        raise ParameterError(f"The list of {field.title.lower()} is empty.", f"Give values, {_example(field)}.")
    return [_read(field, part) for part in parts]


def _allowed(card: Card, name: str, values: tuple[Any, ...]) -> tuple[Any, ...]:
    """Values as the card gives them back; of a range the ends stand for what lies between."""
    ends = [card.validated({name: value})[name] for value in (values[0], values[-1])]
    return values if len(values) > 1 else (ends[0],)


def _read(field: Parameter, part: str) -> tuple[Any, ...]:
    """One value, or the values of a range."""
    span = _RANGE.fullmatch(part) if field.kind == "whole number" else None
    if span:
        first, last = int(span[1]), int(span[2])
        if not first <= last < first + MOST_VALUES:
            remedy = f"Give the lower number first, and {MOST_VALUES} values at most."
            raise ParameterError(f"The range {part} of {field.title.lower()} cannot be used.", remedy)
        return tuple(range(first, last + 1))
    if field.kind == "number" and field.unit == "fraction" and part.endswith("%"):
        return (float(f"{_number(field, part[:-1]) / 100:.12g}"),)
    return (_number(field, part),) if field.kind in ("number", "whole number") else (part,)


def _number(field: Parameter, part: str) -> float:
    try:
        return int(part) if re.fullmatch(r"[+-]?\d{1,18}", part) else float(part)
    except ValueError:
        raise ParameterError(
            f"{field.title} {part!r} is not a number.", f"Give {field.title.lower()} {_example(field)}."
        ) from None


def _check_unique(field: Parameter, values: tuple[Any, ...]) -> None:
    if len(set(values)) < len(values):
        twice = next(value for value in values if values.count(value) > 1)
        raise ParameterError(f"{field.title} {_plain(twice)} is in the list twice.", "Name each value once.")


def _example(field: Parameter) -> str:
    if field.choices:
        return f"of {', '.join(field.choices)}"
    if field.kind == "whole number":
        return "such as 0-4 or 0,3,7"
    return "such as yes,no" if field.kind == "yes or no" else "such as 0.05,0.1,0.25"


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.10g}" if isinstance(value, float) else str(value)


def _spelled(value: Any) -> str:
    """A value in letters and digits alone."""
    return "".join(_SPELLED.get(letter, letter if letter.isalnum() else "") for letter in _plain(value))
