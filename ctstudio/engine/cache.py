"""The model that stays on the device between requests."""

from __future__ import annotations

import gc
from collections.abc import Callable
from pathlib import Path

import torch

from ctstudio.catalog import shelf
from ctstudio.catalog.model_card import ModelInfo
from ctstudio.catalog.shelf import Model
from ctstudio.engine.devices import Placement

_Key = tuple[Path, ModelInfo, torch.device, torch.dtype]
Load = Callable[[Path, ModelInfo, torch.device, torch.dtype], object]


class ModelCache:
    """Keeps the model that was last used; another one takes its place."""

    def __init__(self) -> None:
        self._key: _Key | None = None
        self._loaded: object = None

    def holds(self, model: Model, placement: Placement) -> bool:
        """Whether `get` would answer at once."""
        return self._key == _key(model, placement)

    def get(self, model: Model, placement: Placement, load: Load) -> object:
        """The loaded model. From disk only after its digests were checked, and after the one before has left.

        Raises:
            DigestMismatch: A file is not the one that `model.json` describes.
            WeightMismatch: The weights do not fit the network.
        """
        if not self.holds(model, placement):
            self.clear()
            shelf.check(model)
            self._loaded = load(model.folder, model.info, placement.device, placement.dtype)
            self._key = _key(model, placement)
        return self._loaded

    def clear(self) -> None:
        """Forget the model and give its memory back."""
        self._key, self._loaded = None, None
        gc.collect()
        if torch.cuda.is_available():
            torch.cuda.empty_cache()


def _key(model: Model, placement: Placement) -> _Key:
    return model.folder.resolve(), model.info, placement.device, placement.dtype
