"""The tensors of a TorchScript archive, such as OpenAI's CLIP, without loading or running its program.

The archive is a zip: `data.pkl` tells the tree of modules, `data/0`, `data/1` … are the raw tensors. The code in it is
not looked at.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ctstudio.nets.restricted_pickle import StandIn, Unpickler

_DTYPES = {
    "DoubleStorage": torch.float64,
    "FloatStorage": torch.float32,
    "HalfStorage": torch.float16,
    "BFloat16Storage": torch.bfloat16,
    "LongStorage": torch.int64,
    "IntStorage": torch.int32,
    "ShortStorage": torch.int16,
    "CharStorage": torch.int8,
    "ByteStorage": torch.uint8,
    "BoolStorage": torch.bool,
}


def is_torchscript(path: Path) -> bool:
    """Whether a file is a zip with a program in it; a checkpoint of `torch.save` has none."""
    if not zipfile.is_zipfile(path):
        return False
    with zipfile.ZipFile(path) as archive:
        return any(name.endswith("/constants.pkl") for name in archive.namelist())


def is_packed(path: Path) -> bool:
    """Whether a zip holds compressed tensors: torch packs code alone, and a small file could fill the memory."""
    if not zipfile.is_zipfile(path):
        return False
    with zipfile.ZipFile(path) as archive:
        packed = [entry.filename for entry in archive.infolist() if entry.compress_type != zipfile.ZIP_STORED]
    return any("/code/" not in name for name in packed)


def torchscript_tensors(path: Path) -> dict[str, Tensor]:
    """Parameters and buffers of a TorchScript archive by their dotted names, as `state_dict` would give them.

    Raises:
        UnpicklingError, KeyError, ValueError, RuntimeError, BadZipFile: The archive is damaged or no such archive.
    """
    with zipfile.ZipFile(path) as archive:
        [data] = [name for name in archive.namelist() if name.count("/") == 1 and name.endswith("/data.pkl")]
        with archive.open(data) as stream:
            root = _ModuleUnpickler(stream, archive, data.removesuffix("data.pkl")).load()
    return dict(_tensors(root, ""))


class _ModuleUnpickler(Unpickler):
    """Reads `data.pkl`: modules become stand-ins that keep their attributes."""

    def __init__(self, stream: Any, archive: zipfile.ZipFile, prefix: str) -> None:
        super().__init__(stream)
        self._archive, self._prefix = archive, prefix
        self._flat: dict[str, Tensor] = {}

    def find_class(self, module: str, name: str) -> Any:
        if module == "torch" and name in _DTYPES:
            return _DTYPES[name]
        if module == "torch._utils" and name == "_rebuild_tensor_v2":
            return _view
        return super().find_class(module, name)

    def persistent_load(self, pid: Any) -> Tensor:
        """A storage as a flat tensor."""
        _, dtype, key, _, count = pid
        if key not in self._flat:
            raw = bytearray(self._archive.read(f"{self._prefix}data/{key}"))
            self._flat[key] = torch.frombuffer(raw, dtype=dtype, count=count) if count else torch.empty(0, dtype=dtype)
        return self._flat[key]


def _view(flat: Tensor, offset: int, size: Sequence[int], stride: Sequence[int], *_: Any) -> Tensor:
    return torch.as_strided(flat, size, stride, offset)


def _tensors(module: StandIn, prefix: str) -> Iterator[tuple[str, Tensor]]:
    for name, value in (module.state if isinstance(module.state, dict) else {}).items():
        if isinstance(value, Tensor):
            yield f"{prefix}{name}", value
        elif isinstance(value, StandIn):
            yield from _tensors(value, f"{prefix}{name}.")
