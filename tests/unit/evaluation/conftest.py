"""A tiny NA-Diff model, whole and loaded."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from ctstudio.catalog.shelf import find_model
from ctstudio.systems.na_diff.weights import NaDiffModel, load
from tiny_na_diff import SMALL, write_tiny_model


@pytest.fixture(scope="session")
def tiny_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of an untrained model for slices of 64 x 64 at 6 mm; not to be changed."""
    return write_tiny_model(tmp_path_factory.mktemp("models") / "tiny", changes=SMALL)


@pytest.fixture(scope="session")
def tiny_model(tiny_folder: Path) -> NaDiffModel:
    """It, on the CPU."""
    return load(tiny_folder, find_model(tiny_folder).info, torch.device("cpu"), torch.float32)
