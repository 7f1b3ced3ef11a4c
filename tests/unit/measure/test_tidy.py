"""Structures without strays."""

from __future__ import annotations

import numpy as np

from ctstudio.measure.tidy import large_pieces, tidy_lobes
from hand_made_chest import hand_made


def test_strays_outside_go_and_strays_inside_join_their_surroundings() -> None:
    chest = hand_made()
    truth, read = chest.lobes, chest.lobes.copy()
    read[0:2, 45:48, 75:78] = 3  # outside the body
    read[25:27, 20:23, 56:59] = 5  # a piece of the right lower lobe in the left upper one
    assert np.array_equal(tidy_lobes(read), truth)


def test_both_lungs_are_kept_and_nothing_stays_nothing() -> None:
    chest = hand_made()
    assert set(np.unique(tidy_lobes(chest.lobes))) == {0, 1, 2, 3, 4, 5}
    assert not tidy_lobes(np.zeros_like(chest.lobes)).any()


def test_the_largest_piece_alone_or_with_its_like() -> None:
    mask = np.zeros((5, 5, 20), bool)
    mask[:, :, :8] = mask[:, :, 10:15] = mask[0, 0, 18] = True
    assert large_pieces(mask, 1.0).sum() == 200
    assert large_pieces(mask, 0.2).sum() == 325
    assert not large_pieces(np.zeros_like(mask), 1.0).any()
