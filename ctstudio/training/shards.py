"""Caches of arrays as shards, one file each, so that making them can stop at any moment and go on later."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, TypeVar, overload

import numpy as np

PARTIAL = ".partial.npz"
Arrays = TypeVar("Arrays")
Item = TypeVar("Item")
Told = Callable[[int, int], None]


def write_missing(path: Path, make: Callable[[], Any]) -> None:
    """Write a shard, a dataclass of arrays, if it is not there; it is there whole or not at all."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_suffix(PARTIAL)
        np.savez(partial, **vars(make()))
        os.replace(partial, path)


def write_patients(
    seeds: Iterable[int], make: Callable[[int], Any], folder: Path, told: Told, prefix: str = ""
) -> None:
    """Write the shards of patients that a folder lacks, one a seed; `told` hears how many are done, and of how many."""
    wanted = list(seeds)
    for done, seed in enumerate(wanted, start=1):
        write_missing(folder / f"{prefix}patient_{seed:06d}.npz", partial(make, seed))
        told(done, len(wanted))


def shards_in(folder: Path) -> list[Path]:
    """The whole shards of a folder, in the order of their names."""
    return sorted(path for path in folder.glob("*.npz") if not path.name.endswith(PARTIAL))


def joined(paths: Iterable[Path], kind: Callable[..., Arrays]) -> Arrays:
    """Shards as one: each array of `kind` joined along its first axis; there must be at least one."""
    parts = [dict(np.load(path)) for path in paths]
    return kind(**{key: np.concatenate([part[key] for part in parts]) for key in parts[0]})


class OneByOne(Sequence[Item]):
    """Shards as things that are read when they are asked for.

    Args:
        paths: Of the shards.
        make: What becomes of the arrays of one, given by their names.
    """

    def __init__(self, paths: Sequence[Path], make: Callable[..., Item]) -> None:
        self._paths, self._make = list(paths), make

    def __len__(self) -> int:
        return len(self._paths)

    @overload
    def __getitem__(self, number: int) -> Item: ...

    @overload
    def __getitem__(self, number: slice) -> Sequence[Item]: ...

    def __getitem__(self, number: int | slice) -> Item | Sequence[Item]:
        if isinstance(number, slice):
            return OneByOne(self._paths[number], self._make)
        return self._make(**dict(np.load(self._paths[number])))
