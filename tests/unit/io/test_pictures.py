"""Pictures carry how they came to be, and say SYNTHETIC where it is so."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image

from ctstudio.core.provenance import Provenance
from ctstudio.io.pictures import contact_sheet, write_png
from ctstudio.io.samples import read_provenance

MADE = Provenance("na_diff", "generate", {"dose": 0.25}, 7, "demo", started="now", seconds=2.0)


def test_a_picture_without_provenance_keeps_every_pixel(tmp_path: Path) -> None:
    for image in (np.arange(600, dtype=np.uint8).reshape(20, 30), np.arange(1800, dtype=np.uint8).reshape(20, 30, 3)):
        write_png(image, tmp_path / "a.png")
        np.testing.assert_array_equal(np.asarray(Image.open(tmp_path / "a.png")), image)


def test_synthetic_is_burned_in_a_corner_and_written_inside(tmp_path: Path) -> None:
    grey = np.full((256, 256), 90, np.uint8)
    for image in (grey, np.stack([grey] * 3, -1)):
        write_png(image, tmp_path / "a.png", MADE)
        picture = Image.open(tmp_path / "a.png")
        changed = np.argwhere(np.asarray(picture).reshape(256, 256, -1)[..., 0] != 90)
        assert len(changed) > 200
        assert changed[:, 0].min() > 230
        assert changed[:, 1].max() < 90
        assert picture.info["Description"].startswith("SYNTHETIC")
        assert read_provenance(tmp_path / "a.png") == replace(MADE, started="", seconds=0.0)


def test_what_was_acquired_is_not_called_synthetic(tmp_path: Path) -> None:
    image = np.full((64, 64), 90, np.uint8)
    write_png(image, tmp_path / "a.png", replace(MADE, synthetic=False))
    np.testing.assert_array_equal(np.asarray(Image.open(tmp_path / "a.png")), image)


def test_the_same_picture_gives_the_same_bytes(tmp_path: Path) -> None:
    image = np.random.default_rng(0).integers(0, 256, (64, 64)).astype(np.uint8)
    write_png(image, tmp_path / "a.png", MADE)
    write_png(image, tmp_path / "b.png", replace(MADE, started="later", seconds=9.0))
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


def test_a_contact_sheet_holds_every_picture_whole() -> None:
    pictures = [[np.full((50, 60), 10 * (3 * r + c) + 30, np.uint8) for c in range(3)] for r in range(2)]
    sheet = contact_sheet(pictures, ["first", "second\nrow"], ["a", "b", "a title far too wide for its column"],
                          [["σ 31 HU"] * 3, ["x", "y"]])  # fmt: skip
    assert sheet.dtype == np.uint8
    for picture in (p for row in pictures for p in row):
        value = picture[0, 0]
        where = np.argwhere((sheet == value).all(-1))
        low, high = where.min(0), where.max(0) + 1
        assert (sheet[low[0] : high[0], low[1] : high[1]] == value).all(-1).mean() > 0.5
        assert len(where) >= 3000
    bare = contact_sheet(pictures, [], [], [])
    assert bare.shape[0] < sheet.shape[0]
    assert bare.shape[1] < sheet.shape[1]


def test_an_empty_contact_sheet_is_a_picture_too() -> None:
    assert contact_sheet([], [], [], []).ndim == 3
