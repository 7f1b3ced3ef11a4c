"""Volumes of an evaluation: kept whole or not at all, made once, phantoms beside them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ctstudio.core.errors import EngineError
from ctstudio.core.labels import LUNG_LOBES
from ctstudio.evaluation.kept import kept_figures
from ctstudio.evaluation.medsyn_prompts import Asked
from ctstudio.evaluation.medsyn_volumes import (
    KeptChest,
    generated_chest,
    kept_chest,
    phantom_chest,
)
from ctstudio.protocol.request import Request
from ctstudio.protocol.result import Result


def test_a_phantom_lies_on_the_models_grid_with_its_structures() -> None:
    chest = phantom_chest(100_001, {"effusion": "large-left"}, 24)
    assert chest.ct.grid.shape == (24, 24, 24)
    assert np.allclose(chest.ct.grid.extent_mm, (316, 316, 292))
    assert all(chest.labels.of(name).any() for name in LUNG_LOBES)
    left, right = (np.nonzero(chest.labels.of(f"lung_upper_lobe_{side}"))[2].mean() for side in ("left", "right"))
    assert left > right


def test_a_chest_is_made_once_and_read_back_as_it_was(tmp_path: Path) -> None:
    made: list[int] = []

    def make() -> KeptChest:
        made.append(1)
        return phantom_chest(100_002, {}, 16)

    path = tmp_path / "arm" / "0000.npz"
    first, again = (kept_chest(path, make) for _ in range(2))
    assert made == [1]
    assert np.array_equal(first.ct.array, again.ct.array)
    assert np.array_equal(first.labels.array, again.labels.array)
    assert first.ct.grid.matches(again.ct.grid)
    assert [p.name for p in path.parent.iterdir()] == ["0000.npz"]
    path.write_bytes(path.read_bytes()[:500])  # half of a file
    kept_chest(path, make)
    assert made == [1, 1]


def test_figures_are_kept_with_what_could_not_be_measured(tmp_path: Path) -> None:
    path = tmp_path / "0000.json"
    kept_figures(path, lambda: {"airway_ml": 41.5, "cardiothoracic_ratio": float("nan")})
    again = kept_figures(path, dict)
    assert again["airway_ml"] == 41.5
    assert np.isnan(again["cardiothoracic_ratio"])


def test_a_text_becomes_a_request_and_an_empty_answer_an_error() -> None:
    heard: list[Request] = []

    def generate(request: Request) -> Result:
        heard.append(request)
        return Result(request.id, ())

    with pytest.raises(EngineError):
        generated_chest(Asked(5, {}, "Normal chest.", "Nothing."), "some-model", {"steps": 4}, generate)
    assert heard[0].parameters == {"text": "Normal chest.", "impression": "Nothing.", "seed": 5, "count": 1, "steps": 4}
    assert (heard[0].system, heard[0].task, heard[0].model) == ("medsyn", "generate", "some-model")
