"""Overlap and surface distance: by hand, symmetry, empties."""

import numpy as np
import pytest

from ctstudio.core.errors import GeometryError, ParameterError
from ctstudio.measure.overlap import dice, hausdorff_mm, iou, mean_surface_distance_mm, precision, recall


def box(low: int, high: int) -> np.ndarray:
    mask = np.zeros((12, 12, 12), bool)
    mask[4:8, 4:8, low:high] = True
    return mask


def test_two_boxes_that_share_half() -> None:
    assert dice(box(2, 6), box(4, 8)) == 0.5
    assert iou(box(2, 6), box(4, 8)) == pytest.approx(1 / 3)


def test_what_was_found_and_what_is_true_of_it() -> None:
    read, truth = box(2, 5), box(4, 8)
    assert recall(read, truth) == 0.25
    assert precision(read, truth) == pytest.approx(1 / 3)
    empty = np.zeros_like(truth)
    assert (recall(empty, truth), precision(empty, truth)) == (0, 0)
    assert (recall(read, empty), precision(read, empty)) == (0, 0)
    assert (recall(empty, empty), precision(empty, empty)) == (1, 1)


def test_a_shift_of_two_voxels_of_three_millimetres() -> None:
    assert hausdorff_mm(box(2, 6), box(4, 8), (1.0, 1.0, 3.0)) == pytest.approx(6.0)
    assert hausdorff_mm(box(2, 4), box(6, 8), (9.0, 9.0, 3.0)) == pytest.approx(12.0)


def test_mean_distance_of_two_points() -> None:
    a, b = np.zeros((2, 9), bool), np.zeros((2, 9), bool)
    a[0, 1] = b[0, 7] = True
    assert mean_surface_distance_mm(a, b, (1.0, 0.5)) == pytest.approx(3.0)


def test_symmetric_and_zero_for_itself() -> None:
    random = np.random.default_rng(0).random((2, 9, 10, 11)) > 0.7
    a, b = random
    assert dice(a, b) == dice(b, a)
    assert hausdorff_mm(a, b, (1, 2, 3)) == hausdorff_mm(b, a, (1, 2, 3))
    assert (dice(a, a), iou(a, a), hausdorff_mm(a, a, (1, 2, 3)), mean_surface_distance_mm(a, a, (1, 2, 3))) == (
        1,
        1,
        0,
        0,
    )


def test_the_percentile_forgives_a_stray_voxel() -> None:
    stray = box(2, 6)
    stray[0, 0, 11] = True
    assert hausdorff_mm(box(2, 6), stray, (1, 1, 1)) > 7
    assert hausdorff_mm(box(2, 6), stray, (1, 1, 1), percentile=95) == 0


def test_empty_masks() -> None:
    none = np.zeros((12, 12, 12), bool)
    assert (dice(none, none), hausdorff_mm(none, none, (1, 1, 1))) == (1.0, 0.0)
    assert (dice(none, box(2, 6)), iou(none, box(2, 6))) == (0.0, 0.0)
    assert hausdorff_mm(box(2, 6), none, (1, 1, 1)) == float("inf")
    assert mean_surface_distance_mm(none, box(2, 6), (1, 1, 1)) == float("inf")


def test_unlike_shapes_and_percentiles_are_refused() -> None:
    with pytest.raises(GeometryError, match="shapes"):
        dice(np.zeros(3, bool), np.zeros(4, bool))
    with pytest.raises(ParameterError, match="percentile"):
        hausdorff_mm(box(2, 6), box(2, 6), (1, 1, 1), percentile=120)
