"""Where voxels lie on the screen."""

import numpy as np
import pytest

from ctstudio.core.grid import Grid
from ctstudio.ui.planes import (
    AXIAL,
    CORONAL,
    PLANES,
    SAGITTAL,
    cut,
    edge_letters,
    rectangle,
    size_mm,
    to_index,
    to_screen,
)

GRID = Grid((4, 6, 8), (1.0, 2.0, 3.0))


def test_radiological_letters_stand_at_the_edges() -> None:
    assert edge_letters(GRID, AXIAL) == ("R", "L", "A", "P")
    assert edge_letters(GRID, CORONAL) == ("R", "L", "S", "I")
    assert edge_letters(GRID, SAGITTAL) == ("A", "P", "S", "I")


def test_letters_follow_a_flipped_direction() -> None:
    flipped = Grid((4, 6, 8), direction=((-1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, -1.0)))
    assert edge_letters(flipped, AXIAL) == ("L", "R", "A", "P")
    assert edge_letters(flipped, CORONAL) == ("L", "R", "I", "S")


def test_cut_puts_the_head_on_top_and_copies_nothing() -> None:
    array = np.zeros(GRID.shape, np.int16)
    array[3, 2, 5] = 7
    assert cut(array, AXIAL, 3)[2, 5] == 7
    assert cut(array, CORONAL, 2)[0, 5] == 7
    assert cut(array, SAGITTAL, 5)[0, 2] == 7
    assert all(np.shares_memory(cut(array, plane, 0), array) for plane in PLANES)


@pytest.mark.parametrize("plane", PLANES)
def test_a_voxel_comes_back_from_the_screen(plane) -> None:
    index = (3, 1, 6)
    right, down = to_screen(GRID, plane, index)
    assert to_index(GRID, plane, right, down, index[plane.normal]) == pytest.approx(index)
    width, height = size_mm(GRID, plane)
    assert 0 < right < width
    assert 0 < down < height


def test_a_box_of_voxels_is_a_rectangle_of_the_cut() -> None:
    low, high = (1, 2, 3), (3, 5, 7)
    marked = np.zeros(GRID.shape, bool)
    marked[1:3, 2:5, 3:7] = True
    for plane in PLANES:
        top, bottom, left, right = rectangle(GRID, plane, low, high)
        expected = np.zeros_like(cut(marked, plane, 2))
        expected[top:bottom, left:right] = True
        index = low[plane.normal]
        assert np.array_equal(cut(marked, plane, index), expected)
