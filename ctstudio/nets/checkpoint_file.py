"""Files of public weights, read without running anything: safetensors, PyTorch checkpoints, TorchScript archives."""

from __future__ import annotations

import pickle
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from ctstudio.core.errors import UnreadableFile
from ctstudio.nets import restricted_pickle
from ctstudio.nets.restricted_pickle import RefusedPickle, StandIn
from ctstudio.nets.torchscript_tensors import is_packed, is_torchscript, torchscript_tensors

SUFFIXES = (".safetensors", ".pt", ".pth", ".ckpt", ".bin")
HOLDERS = ("ema", "state_dict", "model_state_dict", "model", "module")
"""Where training programs keep the weights, the best first: a moving average draws better than the last step."""

_WRAPPERS = ("module.", "_orig_mod.")
"""What distributed training and compilation put before every key."""

_DAMAGED = (
    OSError,
    RuntimeError,
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    EOFError,
    pickle.UnpicklingError,
    zipfile.BadZipFile,
    SafetensorError,
)


@dataclass(frozen=True)
class Checkpoint:
    """What a file of weights holds.

    Attributes:
        path: The file.
        form: How it was written, in words.
        tensors: By key, on the CPU, most of them not read from disk before they are used.
        notes: What else the file held, and what was done about it.
        architecture: What the training program called its network, for example "DiT-XL/2"; empty when it does not say.
    """

    path: Path
    form: str
    tensors: dict[str, Tensor]
    notes: tuple[str, ...] = ()
    architecture: str = ""


def read_checkpoint(path: Path) -> Checkpoint:
    """Read a file of weights; nothing in it is run.

    Raises:
        UnreadableFile: Missing, damaged, no weights, or a pickle that asks to run something.
    """
    if not path.is_file():
        raise UnreadableFile(f"There is no file {path}.", "Give a file of weights, or a folder that holds one.")
    if path.suffix.lower() not in SUFFIXES:
        raise UnreadableFile(f"{path} is no file of weights.", f"Give one that ends in {', '.join(SUFFIXES)}.")
    try:
        if path.suffix.lower() == ".safetensors":
            return _unwrapped(path, "safetensors", load_file(path))
        if is_packed(path):
            raise UnreadableFile(
                f"{path} is a packed zip, not a file of weights.", "Unpack it, and give what is in it."
            )
        if is_torchscript(path):
            return _unwrapped(path, "TorchScript archive", torchscript_tensors(path))
        return _read_torch(path)
    except RefusedPickle as error:
        raise UnreadableFile(
            f"{path} is refused: {error}, which no file of weights needs.", "Do not open it; get the weights elsewhere."
        ) from error
    except _DAMAGED as error:
        raise UnreadableFile(
            f"{path} cannot be read as weights: it is damaged, cut off, or something else.",
            "Download it again and compare its size with its source.",
            repr(error),
        ) from error


def _read_torch(path: Path) -> Checkpoint:
    """A checkpoint of `torch.save`; its own classes become stand-ins when it has any."""
    mapped = zipfile.is_zipfile(path)
    try:
        content = torch.load(path, map_location="cpu", weights_only=True, mmap=mapped)
        return _unwrapped(path, "PyTorch checkpoint", content)
    except pickle.UnpicklingError:
        content = torch.load(path, map_location="cpu", weights_only=False, mmap=mapped, pickle_module=restricted_pickle)
        return _unwrapped(path, "PyTorch checkpoint with settings of its training program", content)


def _unwrapped(path: Path, form: str, content: Any) -> Checkpoint:
    """The weights out of whatever a training program put around them."""
    notes: list[str] = []
    architecture = _architecture(content)
    while isinstance(content, Mapping) and (holder := _holder(content)):
        left = sorted(str(key) for key in content if key != holder)
        notes.append(f"'{holder}' was taken" + (f"; not used: {', '.join(left)}" if left else ""))
        content = content[holder]
    if not isinstance(content, Mapping):
        raise UnreadableFile(
            f"{path} holds no weights by name, but a {type(content).__name__}.", "Give the file of a state dict."
        )
    tensors = {str(key): value.detach() for key, value in content.items() if isinstance(value, Tensor)}
    if not tensors:
        raise UnreadableFile(f"{path} holds no weights.", "Give the file of a state dict.")
    for wrapper in _WRAPPERS:
        if all(key.startswith(wrapper) for key in tensors):
            tensors = {key.removeprefix(wrapper): value for key, value in tensors.items()}
    return Checkpoint(path, form, tensors, tuple(notes), architecture)


def _holder(content: Mapping[Any, Any]) -> str:
    """The entry that holds the weights, when they are not the content itself."""
    if any(isinstance(value, Tensor) for value in content.values()):
        return ""
    return next((name for name in HOLDERS if isinstance(content.get(name), Mapping)), "")


def _architecture(content: Any) -> str:
    """The option `model` of a training program's arguments."""
    arguments = content.get("args") if isinstance(content, Mapping) else None
    state = arguments.state if isinstance(arguments, StandIn) else arguments
    name = state.get("model") if isinstance(state, Mapping) else None
    return name if isinstance(name, str) else ""
