"""Dataclasses as JSON values and arrays, and back, led by the type of each field.

An array becomes its place in the list of arrays; a field that may hold one of several classes names the class.
Everything is checked against its type on the way back, so that bad bytes cannot make a bad value.
"""

from __future__ import annotations

import dataclasses
import types
from collections.abc import Sequence
from functools import cache
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import numpy as np
from numpy.typing import NDArray

from ctstudio.core.labels import LabelMap, LabelTable, standard_table

Arrays = Sequence[NDArray[Any]]
_SIMPLE = (str, bool, int)


def to_plain(value: Any, arrays: list[NDArray[Any]]) -> Any:
    """JSON values of a dataclass or a part of one; its arrays are added to `arrays`."""
    if isinstance(value, LabelMap):
        return {**_fields(value, arrays, skip="table"), "table": _table_to_plain(value)}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return _fields(value, arrays)
    if isinstance(value, np.ndarray):
        arrays.append(value)
        return len(arrays) - 1
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, dict):
        return {_key(key): to_plain(item, arrays) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [to_plain(item, arrays) for item in value]
    if value is None or isinstance(value, str | bool | int | float):
        return value
    raise TypeError(f"{type(value).__name__} cannot be sent")


def from_plain(plain: Any, hint: Any, arrays: Arrays) -> Any:
    """The value of type `hint` that `to_plain` turned into `plain`.

    Raises:
        TypeError, ValueError, KeyError, IndexError: `plain` is not such a value.
        CtStudioError: A value that its own class refuses, for example a grid without voxels.
    """
    origin = get_origin(hint)
    if hint is Any:
        return plain
    if origin in (Union, types.UnionType):
        return _one_of(plain, get_args(hint), arrays)
    if origin is Literal:
        return _checked(plain in get_args(hint), plain, hint)
    if origin is np.ndarray:
        return _array(plain, hint, arrays)
    if origin is dict:
        item = get_args(hint)[1]
        return {key: from_plain(part, item, arrays) for key, part in _checked(type(plain) is dict, plain, hint).items()}
    if origin is tuple:
        return _tuple(_checked(type(plain) is list, plain, hint), get_args(hint), arrays)
    if hint is float:
        return float(_checked(type(plain) in (int, float), plain, hint))
    if hint in _SIMPLE:
        return _checked(type(plain) is hint, plain, hint)
    return _dataclass(plain, hint, arrays)


def _fields(value: Any, arrays: list[NDArray[Any]], skip: str = "") -> dict[str, Any]:
    names = [f.name for f in dataclasses.fields(value) if f.name != skip]
    return {"is": type(value).__name__, **{name: to_plain(getattr(value, name), arrays) for name in names}}


def _dataclass(plain: Any, cls: Any, arrays: Arrays) -> Any:
    _checked(type(plain) is dict and plain.get("is") == cls.__name__, plain, cls)
    given = {name: part for name, part in plain.items() if name != "is"}
    values: dict[str, Any] = {}
    if cls is LabelMap:
        values["table"] = _table_from_plain(given.pop("table"), arrays)
    hints = _hints(cls)
    values.update({name: from_plain(part, hints[name], arrays) for name, part in given.items()})
    return cls(**values)


@cache
def _hints(cls: type) -> dict[str, Any]:
    return get_type_hints(cls)


def _one_of(plain: Any, hints: tuple[Any, ...], arrays: Arrays) -> Any:
    if plain is None:
        return _checked(type(None) in hints, plain, hints)
    if type(plain) is dict:
        named = [h for h in hints if getattr(h, "__name__", "") == plain.get("is")]
        return from_plain(plain, _checked(len(named) == 1, named, hints)[0], arrays)
    simple = [h for h in hints if h in (*_SIMPLE, float)]
    return from_plain(plain, _checked(len(simple) == 1, simple, hints)[0], arrays)


def _tuple(plain: list[Any], hints: tuple[Any, ...], arrays: Arrays) -> tuple[Any, ...]:
    if len(hints) == 2 and hints[1] is Ellipsis:
        return tuple(from_plain(part, hints[0], arrays) for part in plain)
    return tuple(from_plain(part, hint, arrays) for part, hint in zip(plain, hints, strict=True))


def _array(plain: Any, hint: Any, arrays: Arrays) -> NDArray[Any]:
    array: NDArray[Any] = arrays[_checked(type(plain) is int and plain >= 0, plain, hint)]
    wanted = get_args(get_args(hint)[1])
    if wanted and wanted[0] is not Any:
        _checked(array.dtype == np.dtype(wanted[0]), array.dtype, hint)
    return array


def _table_to_plain(labels: LabelMap) -> Any:
    """The word "standard", or the entries of the labels that are present."""
    if labels.table == standard_table():
        return "standard"
    return to_plain(LabelTable(tuple(labels.table.by_value(value) for value in labels.present())), [])


def _table_from_plain(plain: Any, arrays: Arrays) -> LabelTable:
    if plain == "standard":
        return standard_table()
    table: LabelTable = from_plain(plain, LabelTable, arrays)
    return table


def _key(key: Any) -> str:
    if not isinstance(key, str):
        raise TypeError(f"the key {key!r} is not text")
    return key


def _checked(good: bool, value: Any, hint: Any) -> Any:
    """`value`, when it is `good`."""
    if not good:
        raise TypeError(f"{str(value)[:80]!r} is not {hint}")
    return value
