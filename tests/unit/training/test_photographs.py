"""Photographs of every kind become grey squares; what is none is named."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ctstudio.core.errors import InputError
from ctstudio.training.photographs import grey_square, photographs_in
from ctstudio.training.textures import texture_picture

SIZE = 32


def _save(path: Path, array: np.ndarray, mode: str | None = None) -> Path:  # type: ignore[type-arg]
    Image.fromarray(array, mode).save(path)
    return path


def test_colours_become_their_luma(tmp_path: Path) -> None:
    colours = np.zeros((40, 40, 3), np.uint8)
    colours[..., 0] = 255
    np.testing.assert_allclose(grey_square(_save(tmp_path / "red.png", colours), SIZE), 0.299, atol=0.003)


def test_sixteen_bits_keep_their_scale(tmp_path: Path) -> None:
    ramp = np.linspace(0, 65535, 64).astype(np.uint16)[None].repeat(64, 0)
    grey = grey_square(_save(tmp_path / "deep.png", ramp), SIZE)
    np.testing.assert_allclose(grey[0], (ramp[0, ::2].astype(float) + ramp[0, 1::2]) / 2 / 65535, atol=1e-3)


def test_what_is_transparent_is_black(tmp_path: Path) -> None:
    clear = np.full((40, 40, 4), 255, np.uint8)
    clear[:20, :, 3] = 0
    grey = grey_square(_save(tmp_path / "clear.png", clear), SIZE)
    assert grey[:15].max() == 0
    assert grey[-15:].min() == 1


def test_the_middle_of_a_wide_picture_is_taken(tmp_path: Path) -> None:
    wide = np.zeros((40, 120), np.uint8)
    wide[:, 40:80] = 200
    np.testing.assert_allclose(grey_square(_save(tmp_path / "wide.png", wide), SIZE), 200 / 255, atol=0.002)


def test_what_cannot_be_used_is_skipped_and_named(tmp_path: Path) -> None:
    good = _save(tmp_path / "b.png", np.zeros((SIZE, SIZE), np.uint8))
    (tmp_path / "deeper").mkdir()
    also = _save(tmp_path / "deeper" / "a.jpg", np.zeros((90, 60), np.uint8))
    _save(tmp_path / "tiny.png", np.zeros((SIZE, SIZE - 1), np.uint8))
    (tmp_path / "scan").write_bytes(bytes(128) + b"DICM" + bytes(60))
    (tmp_path / "torn.png").write_bytes(good.read_bytes()[:40])
    (tmp_path / "notes.txt").write_text("not meant as a picture")
    found = photographs_in(tmp_path, SIZE)
    assert found.usable == (good, also)
    assert len(found.skipped) == 3
    told = " ".join(found.skipped)
    for words in (
        "scan is skipped: a DICOM file",
        f"31 x {SIZE} pixels are fewer",
        "torn.png is skipped: it cannot be read",
    ):
        assert words in told


def test_a_folder_without_a_usable_photograph_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no folder"):
        photographs_in(tmp_path / "never", SIZE)
    with pytest.raises(InputError, match="holds no photograph of 32 x 32"):
        photographs_in(tmp_path, SIZE)
    _save(tmp_path / "tiny.png", np.zeros((4, 4), np.uint8))
    with pytest.raises(InputError, match=r"tiny\.png is skipped"):
        photographs_in(tmp_path, SIZE)


def test_a_photograph_that_is_torn_in_its_middle_is_named(tmp_path: Path) -> None:
    whole = _save(tmp_path / "a.png", np.random.default_rng(0).integers(0, 255, (64, 64), np.uint8))
    whole.write_bytes(whole.read_bytes()[:-1500])
    with pytest.raises(InputError, match=r"a\.png cannot be read"):
        grey_square(whole, SIZE)


def test_textures_are_decided_by_their_seed_and_full_of_edges() -> None:
    first, again, other = (texture_picture(seed, 64) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert np.abs(first - other).mean() > 0.1
    for picture in (first, other):
        assert picture.dtype == np.float32
        assert picture.min() >= 0
        assert picture.max() <= 1
        assert picture.std() > 0.1
        steps = np.abs(np.diff(picture, axis=1))
        assert (steps > 0.15).mean() > 0.01  # edges
        assert np.median(steps) < 0.05  # between smooth surfaces
