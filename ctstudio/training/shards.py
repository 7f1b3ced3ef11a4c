"""Caches of arrays as shards, one file each, so that making them can stop at any moment and go on later."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

PARTIAL = ".partial.npz"
Arrays = TypeVar("Arrays")


def write_missing(path: Path, make: Callable[[], Any]) -> None:
    """Write a shard, a dataclass of arrays, if it is not there; it is there whole or not at all."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_suffix(PARTIAL)
        np.savez(partial, **vars(make()))
        os.replace(partial, path)


def shards_in(folder: Path) -> list[Path]:
    """The whole shards of a folder, in the order of their names."""
    return sorted(path for path in folder.glob("*.npz") if not path.name.endswith(PARTIAL))


def joined(paths: Iterable[Path], kind: Callable[..., Arrays]) -> Arrays:
    """Shards as one: each array of `kind` joined along its first axis; there must be at least one."""
    parts = [dict(np.load(path)) for path in paths]
    return kind(**{key: np.concatenate([part[key] for part in parts]) for key in parts[0]})
