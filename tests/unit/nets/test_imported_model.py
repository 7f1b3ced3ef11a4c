"""The folder of an imported model is there whole or not at all."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors import SafetensorError
from torch import Tensor

from ctstudio.catalog.model_card import ModelInfo
from ctstudio.catalog.shelf import find_model
from ctstudio.core.errors import StorageError
from ctstudio.nets.imported_model import REPORT, Writing, write_imported


@dataclass(frozen=True)
class _Part:
    tensors: dict[str, Tensor]


PARTS = {"one": _Part({"a": torch.ones(2)}), "two": _Part({"b": torch.ones(6)})}


def _card(origins: dict[str, Any], folder: Path) -> ModelInfo:
    wide = {"low": 1, "high": 2}
    ranges = {"region": "chest", "fov_mm": wide, "spacing_mm": wide, "labels": []}
    told = {"name": "mine", "size": "paper", "title": "Mine", "system": "medsyn", "ranges": ranges, "origins": origins}
    return ModelInfo.model_validate(told)


def _write(part: _Part, name: str, folder: Path) -> None:
    (folder / name).write_text(str(len(part.tensors)))


def _writing(write: Any = _write) -> Writing[_Part]:
    return Writing(write, lambda part, name: {"file": name}, lambda part: list(part.tensors), _card)


def test_parts_report_and_card_are_written_and_told_of(tmp_path: Path) -> None:
    told: list[tuple[str, int, int]] = []
    folder = write_imported(PARTS, "mine", tmp_path, False, lambda *said: told.append(said), _writing())
    assert told == [("Writing one", 0, 32), ("Writing two", 8, 32), ("Taking digests", 32, 32)]
    assert json.loads((folder / REPORT).read_text()) == {"one": ["a"], "two": ["b"]}
    assert find_model(folder).info.origins == {"one": {"file": "one"}, "two": {"file": "two"}}


def test_what_cannot_be_written_leaves_nothing(tmp_path: Path) -> None:
    def full(part: _Part, name: str, folder: Path) -> None:
        _write(part, name, folder)
        if name == "two":
            raise SafetensorError("No space left on device")

    with pytest.raises(StorageError):
        write_imported(PARTS, "mine", tmp_path, False, lambda *_: None, _writing(full))
    assert not list(tmp_path.iterdir())
