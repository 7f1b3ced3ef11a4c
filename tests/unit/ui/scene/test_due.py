"""Which labels a change of the mask reaches."""

from __future__ import annotations

import numpy as np

from ctstudio.core.grid import Grid
from ctstudio.session.painting import Painting
from ctstudio.ui.scene.due import Due

GRID = Grid.centred((10, 20, 20), (1.0, 1.0, 1.0))


def _painting() -> tuple[Painting, Due]:
    mask = Painting(GRID)
    labels = np.zeros(GRID.shape, np.uint8)
    labels[1:4, 2:6, 2:6], labels[6:9, 12:18, 12:18] = 5, 7
    mask.replace(labels, "Import mask")
    due = Due(mask)
    mask.changed.connect(due.touched)
    return mask, due


def test_nothing_is_due_without_a_change() -> None:
    _, due = _painting()
    assert not due.waiting
    assert due.take() == set()


def test_a_stroke_reaches_what_it_paints_and_what_it_paints_over() -> None:
    mask, due = _painting()
    mask.active = 9
    mask.stamp((7, 15, 15), 0)
    assert due.waiting
    assert due.take() == {7, 9}
    mask.undo()
    assert due.take() == {7, 9}
    assert due.take() == set()


def test_a_label_that_vanishes_is_due() -> None:
    mask, due = _painting()
    mask.clear(5)
    assert 5 in due.take()
    assert 5 not in mask.present()
