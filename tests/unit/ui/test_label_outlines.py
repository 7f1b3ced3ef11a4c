"""Edges of labels."""

import numpy as np

from ctstudio.ui.label_outlines import outlined


def test_only_the_rim_of_a_label_stays() -> None:
    labels = np.zeros((7, 9), np.uint8)
    labels[1:6, 2:7] = 5
    edges = outlined(labels)
    assert (edges[2:5, 3:6] == 0).all()
    assert (edges[1, 2:7] == 5).all()
    assert (edges[1:6, 6] == 5).all()
    assert np.count_nonzero(edges) == 16


def test_two_labels_that_touch_both_keep_their_border() -> None:
    labels = np.repeat(np.array([[1, 1, 1, 2, 2, 2]], np.uint8), 5, axis=0)
    assert outlined(labels)[2].tolist() == [0, 0, 1, 2, 0, 0]
