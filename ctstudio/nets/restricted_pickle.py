"""Pickles read without running what they name: tensors, plain containers, and stand-ins for every other class.

Used as `torch.load(path, weights_only=False, pickle_module=restricted_pickle)` for checkpoints that also hold settings
of the program that trained them (`argparse.Namespace`, OmegaConf), which `weights_only=True` refuses.
"""

from __future__ import annotations

import collections
import pickle
from typing import Any, BinaryIO

import torch
from torch import _utils

_REBUILDERS = ("_rebuild_tensor", "_rebuild_tensor_v2", "_rebuild_parameter")
# fmt: off
_RUNNING = frozenset((
    "asyncio", "bdb", "builtins", "code", "codeop", "commands", "ctypes", "functools", "imp", "importlib",
    "inspect", "io", "marshal", "multiprocessing", "nt", "operator", "os", "pathlib", "pdb", "pickle", "pip",
    "platform", "posix", "profile", "pty", "pydoc", "runpy", "shelve", "shutil", "signal", "site", "socket",
    "subprocess", "sys", "tempfile", "threading", "timeit", "types", "urllib", "venv", "webbrowser", "_pickle",
    "_posixsubprocess", "_thread",
))
# fmt: on
"""Modules that no checkpoint needs and that attacks name."""

_NAMES_OF_PYTHON_2 = {"__builtin__": "builtins"}
"""Pickles of protocol 2, which torch writes, say it in the old way."""

_HARMLESS = {
    "builtins": {
        "set",
        "frozenset",
        "slice",
        "range",
        "complex",
        "bytearray",
        "object",
        "dict",
        "list",
        "tuple",
        "int",
    },
    "pathlib": {"Path", "PosixPath", "PurePath", "PurePosixPath", "WindowsPath", "PureWindowsPath"},
    "functools": {"partial"},
    "types": {"SimpleNamespace"},
}


class RefusedPickle(pickle.UnpicklingError):
    """A pickle that names what no checkpoint needs."""


class StandIn:
    """In the place of an object whose class is not made: takes whatever the pickle gives it and does nothing."""

    state: Any = None

    def __new__(cls, *_: Any, **__: Any) -> StandIn:
        """One more, whatever is asked for."""
        return object.__new__(cls)

    def __init__(self, *_: Any, **__: Any) -> None:
        self.state = None

    def __call__(self, *_: Any, **__: Any) -> StandIn:
        """One more, whatever is asked for."""
        return StandIn()

    def __setstate__(self, state: Any) -> None:
        self.state = state

    def __setitem__(self, key: Any, value: Any) -> None:
        """Items of a dictionary are forgotten."""

    def append(self, item: Any) -> None:
        """Items of a list are forgotten."""

    def extend(self, items: Any) -> None:
        """Items of a list are forgotten."""

    def add(self, item: Any) -> None:
        """Items of a set are forgotten."""


class Unpickler(pickle.Unpickler):
    """Builds tensors and ordered dictionaries; all else that has a class becomes a `StandIn`.

    Raises:
        RefusedPickle: The pickle names a module that runs things.
    """

    def find_class(self, module: str, name: str) -> Any:
        """What a name in the pickle stands for; never an object of that module unless it rebuilds tensors."""
        if module == "collections" and name == "OrderedDict":
            return collections.OrderedDict
        if module == "torch._utils" and name in _REBUILDERS:
            return getattr(_utils, name)
        if module == "torch" and isinstance(kind := getattr(torch, name, None), torch.dtype):
            return kind
        if module == "torch" and name == "Size":
            return torch.Size
        module = _NAMES_OF_PYTHON_2.get(module, module)
        root = module.partition(".")[0]
        if root in _RUNNING and name not in _HARMLESS.get(module, ()):
            raise RefusedPickle(f"it asks to run {module}.{name}")
        return StandIn


def load(file: BinaryIO, **settings: Any) -> Any:
    """What `pickle.load` does, restricted.

    Raises:
        RefusedPickle: As `Unpickler`.
    """
    return Unpickler(file, **settings).load()
