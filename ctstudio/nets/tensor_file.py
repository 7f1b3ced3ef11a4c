"""Tensors on disk, for whoever may read the user's other files."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from safetensors.torch import save_file
from torch import Tensor


def save_tensors(tensors: Mapping[str, Tensor], path: Path) -> None:
    """Write tensors as safetensors, with the rights of any new file; those that share memory are each written whole.

    Raises:
        OSError, SafetensorError: The file cannot be written.
    """
    path.unlink(missing_ok=True)
    plain, taken = {}, set()
    for key, value in tensors.items():
        tensor = value.detach().contiguous().cpu()
        memory = tensor.untyped_storage().data_ptr()
        plain[key] = tensor.clone() if memory in taken else tensor
        taken.add(memory)
    save_file(plain, path)
    give_usual_rights(path)


def give_usual_rights(path: Path) -> None:
    """Give a file the rights that the user's umask gives any new one; safetensors keeps its files to him alone."""
    probe = path.with_name(f".{path.name}.rights")
    probe.touch()
    rights = probe.stat().st_mode
    probe.unlink()
    path.chmod(rights)
