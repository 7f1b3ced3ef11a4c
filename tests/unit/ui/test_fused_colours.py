"""The one table: greys, blends and rounding."""

import numpy as np
import pytest

from ctstudio.core.labels import standard_table
from ctstudio.core.windows import Window
from ctstudio.ui.fused_colours import Fuser, colour_table

COLOURS = standard_table().colours()


def _rgb(pixels: np.ndarray) -> np.ndarray:
    return np.stack([pixels >> 16 & 255, pixels >> 8 & 255, pixels & 255], axis=-1)


@pytest.mark.parametrize("dtype", [np.int16, np.uint8, np.float32])
@pytest.mark.parametrize("width", [80, 333, 2500])
def test_black_and_white_are_reached_at_the_ends_of_the_window(dtype, width) -> None:
    window = Window(width / 2, width)
    image = np.array([[0, width]], np.float64).clip(0, np.iinfo(np.uint8).max if dtype is np.uint8 else None)
    out = np.zeros((1, 2), np.uint32)
    Fuser().fuse(image.astype(dtype), None, window, colour_table(COLOURS, 0.5), out)
    assert _rgb(out)[0, 0].tolist() == [0, 0, 0]
    if dtype is not np.uint8:
        assert _rgb(out)[0, 1].tolist() == [255, 255, 255]


def test_greys_match_the_window_of_core() -> None:
    image = np.arange(-1000, 1000, dtype=np.int16).reshape(40, 50)
    out = np.zeros(image.shape, np.uint32)
    Fuser().fuse(image, None, Window(40, 400), colour_table(COLOURS, 0.5), out)
    assert np.abs(_rgb(out)[..., 0].astype(int) - Window(40, 400).to_grey(image)).max() <= 1


def test_a_label_is_blended_by_its_opacity() -> None:
    image = np.full((1, 2), -1000, np.int16)
    labels = np.array([[0, 5]], np.uint8)
    out = np.zeros((1, 2), np.uint32)
    Fuser().fuse(image, labels, Window(40, 400), colour_table(COLOURS, 0.5), out)
    assert _rgb(out)[0, 0].tolist() == [0, 0, 0]
    assert np.allclose(_rgb(out)[0, 1], COLOURS[5] / 2, atol=1)


def test_hidden_labels_leave_the_grey() -> None:
    shown = np.ones(256, bool)
    shown[5] = False
    table = colour_table(COLOURS, 1.0, shown)
    assert _rgb(table[5 << 8 | 77]).tolist() == [77, 77, 77]
    assert _rgb(table[1 << 8 | 77]).tolist() == COLOURS[1].tolist()


def test_nan_is_black_and_buffers_serve_smaller_slices() -> None:
    fuser, table = Fuser(), colour_table(COLOURS, 0.5)
    big, small = np.zeros((9, 9), np.uint32), np.zeros((2, 3), np.uint32)
    fuser.fuse(np.zeros((9, 9), np.float32), None, Window(0, 2), table, big)
    fuser.fuse(np.full((2, 3), np.nan, np.float32), None, Window(0, 2), table, small)
    assert not _rgb(small).any()
    assert _rgb(big)[8, 8, 0] == 128
