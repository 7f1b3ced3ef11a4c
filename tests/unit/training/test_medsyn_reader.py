"""The reader of chest CTs through both of its stages, at tiny size, stopped between and gone on with."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import pytest
import torch

from ctstudio.catalog.reader_settings import ReaderSettings
from ctstudio.catalog.recipe_parts import RunSettings, StageSettings
from ctstudio.systems.medsyn.reading import ChestReader, load_reader, save_reader
from ctstudio.training import reader
from ctstudio.training.chests import FINE, fine_chest, make_fine
from ctstudio.training.medsyn_reader import train_chest_reader, trained_chest_reader
from ctstudio.training.run import Run, Silent, new_accelerator

SETTINGS = ReaderSettings(steps=2, batch=1, learning_rate=1e-3, crop=32, features=(8, 8, 8, 8, 8, 8))


@dataclass(frozen=True)
class _Recipe:
    """What `Run` and the stages ask of a recipe."""

    run: RunSettings = field(default_factory=lambda: RunSettings(precision="fp32"))
    seed: int = 3


def test_both_stages_train_and_become_one_reader(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "LOOK_DRAWS", 1)
    monkeypatch.setattr(reader, "LOOK_SETTINGS", StageSettings(steps=3, batch=512, learning_rate=1e-3))
    run = Run(_Recipe(), tmp_path, new_accelerator("fp32", "cpu"), Silent())  # type: ignore[arg-type]
    make_fine([0], 128, run.cache / FINE / "train", lambda done, total: None)
    train_chest_reader(run, SETTINGS)
    network = trained_chest_reader(run, SETTINGS)
    assert (run.store("segmenter").position().step, run.store("look").position().step) == (2, 3)
    assert bool(network.look[4].weight.abs().max() > 0)
    save_reader(network, SETTINGS.features, tmp_path / "model")
    again = load_reader(tmp_path / "model")
    ct = torch.from_numpy(fine_chest(0, 32).hu[0].astype("float32"))[None, None] / 1000
    first, second = (r.named(ct)[0] for r in (ChestReader("own", network, torch.device("cpu")), again))
    assert (first == second).float().mean() > 0.98
