"""Imported weights are written as a model folder: part after part, what filled which tensor, digests, the card."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

from safetensors import SafetensorError
from torch import Tensor

from ctstudio.catalog.model_card import ModelInfo
from ctstudio.catalog.new_model import new_model_folder

REPORT = "import.json"
"""In the model's folder: which of a network's tensors was filled from which key of which file."""

Watch = Callable[[str, int, int], None]
"""Told what is done now, and how many of how many bytes are."""


class Part(Protocol):
    """Weights of one network, fitted."""

    @property
    def tensors(self) -> Mapping[str, Tensor]:
        """By the network's own keys."""
        ...


P = TypeVar("P", bound=Part)


def bytes_of(parts: Mapping[str, Part]) -> int:
    """What parts will take on the disk."""
    return sum(tensor.nbytes for part in parts.values() for tensor in part.tensors.values())


@dataclass(frozen=True)
class Writing(Generic[P]):
    """What differs from system to system.

    Attributes:
        write_part: Write one part, of this name, into the model's folder.
        origin: Where a part of a name came from, for `model.json`; asked when it was written.
        coverage: What of a part goes into `REPORT`.
        card: `model.json` of all, from the origins and the folder with all other files.
    """

    write_part: Callable[[P, str, Path], None]
    origin: Callable[[P, str], dict[str, Any]]
    coverage: Callable[[P], Any]
    card: Callable[[dict[str, Any], Path], ModelInfo]


def write_imported(
    parts: Mapping[str, P], name: str, shelf: Path, replace: bool, watch: Watch, writing: Writing[P]
) -> Path:
    """Write the model folder; it is there whole or not at all.

    Args:
        parts: What was fitted, by name.
        name: Of the model, and its folder's.
        shelf: Folder of models.
        replace: Take the place of a model of that name.
        watch: Told how far the work is.
        writing: How the system writes its parts and its card.

    Returns:
        The model's folder.

    Raises:
        ParameterError: The name is taken or cannot be one.
        StorageError: The place cannot be written.
    """
    total = bytes_of(parts)
    with new_model_folder(shelf, name, replace) as folder:
        origins, done = {}, 0
        for part_name, part in parts.items():
            watch(f"Writing {part_name}", done, total)
            try:
                writing.write_part(part, part_name, folder)
            except SafetensorError as error:
                raise OSError(str(error)) from error
            origins[part_name] = writing.origin(part, part_name)
            done += bytes_of({part_name: part})
        report = {part_name: writing.coverage(part) for part_name, part in parts.items()}
        (folder / REPORT).write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
        watch("Taking digests", done, total)
        writing.card(origins, folder).write(folder)
    return shelf / name
