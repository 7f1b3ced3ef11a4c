"""What is said of a report, of anatomy and of a scan before a chest is made."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ctstudio.catalog.cards import card
from ctstudio.catalog.fit import Fit
from ctstudio.catalog.fits import fits_of
from ctstudio.catalog.model_card import ModelInfo, Range, Ranges
from ctstudio.catalog.shelf import Model
from ctstudio.core.errors import ParameterError
from ctstudio.core.grid import Grid
from ctstudio.core.labels import LUNG_LOBES, LabelMap, standard_table, values_of
from ctstudio.core.volume import Volume

PAPER: dict[str, Any] = {
    "base": {"side": 64, "dim": 160},
    "upscaler": {"side": 256, "dim": 56},
    "text": {"tokens": 192, "positions": 2048},
}
GRID = Grid((20, 20, 20), (15.0, 15.0, 14.0))
GIB = 1 << 30


def _model(folder: Path, words: str = "") -> Model:
    span = Range(low=1, high=1)
    ranges = Ranges(region="chest", fov_mm=span, spacing_mm=span, dose=span, labels=[])
    if words:
        (folder / "text").mkdir()
        (folder / "text" / "words.txt").write_text(words.replace(" ", "\n"))
    return Model(ModelInfo(name="m", size="paper", title="m", system="medsyn", config=PAPER, ranges=ranges), folder)


def _lobes(mirrored: bool = False, inverted: bool = False, only: int = 5) -> LabelMap:
    """Five boxes: left lobes at large x, upper lobes at large z."""
    array = np.zeros(GRID.shape, np.uint8)
    boxes = [(slice(10, 18), 12), (slice(2, 10), 12), (slice(13, 18), 2), (slice(9, 13), 2), (slice(2, 9), 2)]
    for (z, x), value in list(zip(boxes, values_of(LUNG_LOBES), strict=True))[:only]:
        array[z, 5:15, x : x + 6] = value
    array = array[:, :, ::-1] if mirrored else array
    return LabelMap((array[::-1] if inverted else array).copy(), GRID, standard_table())


def _said(found: list[Fit]) -> dict[str, str]:
    return {fit.what: fit.level for fit in found if fit.level != "green"}


def _of(model: Model, text: str = "", impression: str = "", **inputs: Any) -> dict[str, str]:
    return _said(fits_of(model, {"text": text, "impression": impression}, inputs))


def test_a_plain_report_fits(tmp_path: Path) -> None:
    model = _model(tmp_path, "there is a large left pleural effusion")
    assert _of(model, "There is a large left pleural effusion.") == {}


def test_words_that_were_never_read_are_named(tmp_path: Path) -> None:
    model = _model(tmp_path, "there is a large left pleural effusion")
    found = fits_of(model, {"text": "There is a large left empyema."}, {})
    assert [(f.level, f.what) for f in found if f.level != "green"] == [("amber", "Words")]
    assert "empyema" in found[0].reason


def test_another_language_is_red_with_and_without_known_words(tmp_path: Path) -> None:
    german = "Großer Pleuraerguss auf der linken Seite, Herz vergrößert."
    assert _of(_model(tmp_path), german) == {"Language": "red"}
    assert _of(_model(tmp_path), "左側に大量の胸水を認める 心拡大 肺気腫 結節影なし") == {"Language": "red"}
    assert _of(_model(tmp_path), "There is a large pleural effusion on the left.") == {}
    assert _of(_model(tmp_path, "there is a large left effusion"), german) == {"Language": "red"}


def test_a_contradiction_is_told_in_its_own_words(tmp_path: Path) -> None:
    found = fits_of(_model(tmp_path), {"text": "No pleural effusion.", "impression": "Large pleural effusion."}, {})
    [said] = [f for f in found if f.what == "Contradiction"]
    assert said.level == "amber"
    assert "no pleural effusion" in said.reason
    assert "large pleural effusion" in said.reason


@pytest.mark.parametrize(("words", "told"), [(100, None), (400, "hardly heard"), (10_000, "2048")])
def test_a_long_report_says_what_is_cut(tmp_path: Path, words: int, told: str | None) -> None:
    found = fits_of(_model(tmp_path), {"text": "the lung is normal " * (words // 4)}, {})
    reasons = [f.reason for f in found if f.what == "Length"]
    assert [told in reason for reason in reasons] == ([True] if told else [])


def test_lobes_where_lobes_lie_fit_and_mirrored_or_inverted_ones_do_not(tmp_path: Path) -> None:
    model = _model(tmp_path)
    assert "Left and right" not in _of(model, lobes=_lobes())
    assert _of(model, lobes=_lobes(mirrored=True))["Left and right"] == "red"
    assert _of(model, lobes=_lobes(inverted=True))["Head and feet"] == "red"
    found = fits_of(model, {}, {"lobes": _lobes(only=4)})
    assert any("lung lower lobe right" in f.reason for f in found if f.what == "Lobes")


def test_an_empty_map_is_red_and_coarse_voxels_are_amber(tmp_path: Path) -> None:
    empty = LabelMap(np.zeros(GRID.shape, np.uint8), GRID, standard_table())
    assert _of(_model(tmp_path), airway=empty) == {"Airway": "red"}
    assert _of(_model(tmp_path), vessels=_lobes()) == {"Vessels": "amber"}


def test_a_scan_must_hold_hu_and_a_chest(tmp_path: Path) -> None:
    model, small = _model(tmp_path), Grid((10, 10, 10), (5.0, 5.0, 5.0))
    array = np.zeros((10, 10, 10), np.float32)
    assert _of(model, scan=Volume(array, small, "MR", "arbitrary")) == {"Scan": "red"}
    assert _of(model, scan=Volume(array, small)) == {"Scan": "amber"}
    assert _of(model, scan=Volume(np.zeros(GRID.shape, np.int16), GRID)) == {}


def test_short_memory_is_red_and_offers_less(tmp_path: Path) -> None:
    found = fits_of(_model(tmp_path), {"text": "x", "upscale_steps": 10}, {}, free_bytes=8 * GIB)
    [said] = [f for f in found if f.what == "Memory"]
    assert said.level == "red"
    assert "coarse volume takes" in said.reason
    assert _said(fits_of(_model(tmp_path), {"text": "x", "upscale_steps": 0}, {}, free_bytes=8 * GIB)) == {}


def test_nothing_at_all_is_refused_and_anything_is_enough() -> None:
    task = card("medsyn", "generate")
    with pytest.raises(ParameterError, match="nothing was given") as caught:
        task.check_given(task.validated({"text": "  \n "}), ())
    assert "findings, impression, lobes, airway or vessels" in caught.value.remedy
    task.check_given(task.validated({"impression": "Effusion."}), ())
    task.check_given(task.defaults(), ("airway",))


def test_a_book_is_too_long() -> None:
    with pytest.raises(ParameterError, match="Findings has 600000 characters"):
        card("medsyn", "generate").validated({"text": "x" * 600_000})
