"""What `model.json` may leave out, and that old ones are read as they are."""

from __future__ import annotations

import json
from pathlib import Path

from ctstudio.catalog.model_card import FILE_NAME, ModelInfo, Range
from ctstudio.core.resources import resources_dir

WIDE = {"low": 1.0, "high": 2.0}


def _card(**ranges: object) -> dict[str, object]:
    told = {"region": "chest", "fov_mm": WIDE, "spacing_mm": WIDE, "labels": [], **ranges}
    return {"name": "a", "title": "A", "system": "medsyn", "size": "paper", "ranges": told}


def test_a_model_that_is_told_no_dose_says_none(tmp_path: Path) -> None:
    info = ModelInfo.model_validate(_card())
    assert info.ranges.dose is None
    written = info.write(tmp_path)
    assert ModelInfo.model_validate_json(written.read_text()) == info


def test_cards_of_before_are_read_and_written_to_the_byte(tmp_path: Path) -> None:
    old = ModelInfo.model_validate(_card(dose={"low": 1.0, "high": 1.0}))
    assert old.ranges.dose == Range(low=1.0, high=1.0)
    bundled = resources_dir() / "models" / "na-diff-demo" / FILE_NAME
    text = bundled.read_text(encoding="utf-8")
    told = json.loads(text)
    again = json.loads(ModelInfo.model_validate_json(text).write(tmp_path).read_text())
    assert {key: again[key] for key in told} == told
