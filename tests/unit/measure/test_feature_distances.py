"""Fréchet, kernel and CMMD distance: by hand, against scipy's matrix root, and what must hold for any features."""

from __future__ import annotations

import numpy as np
import pytest

from ctstudio.core.errors import GeometryError, IntensityError, ParameterError
from ctstudio.measure.feature_distances import cmmd, frechet_distance, kernel_distance, kid_subset_size


def features(count: int, width: int = 6, shift: float = 0.0, seed: int = 0) -> np.ndarray:
    random = np.random.default_rng(seed)
    return random.normal(0, 1, (count, width)) @ np.diag(np.linspace(0.5, 2, width)) + shift


def test_frechet_of_two_pairs_of_numbers() -> None:
    a, b = np.array([[0.0], [2.0]]), np.array([[1.0], [7.0]])  # means 1 and 4, variances 2 and 18
    assert frechet_distance(a, b) == pytest.approx((1 - 4) ** 2 + 2 + 18 - 2 * np.sqrt(2 * 18))


@pytest.mark.parametrize(("count", "width"), [(200, 6), (9, 30)])
def test_frechet_of_a_collection_with_itself_is_zero(count: int, width: int) -> None:
    a = features(count, width)
    assert frechet_distance(a, a) == pytest.approx(0, abs=1e-9)
    assert frechet_distance(a, a[::-1]) == pytest.approx(0, abs=1e-9)


def test_frechet_agrees_with_the_root_of_the_product_of_covariances() -> None:
    from scipy.linalg import sqrtm

    a, b = features(300, seed=1), 1.5 * features(250, shift=0.4, seed=2)
    covariances = [np.cov(x, rowvar=False) for x in (a, b)]
    between = ((a.mean(0) - b.mean(0)) ** 2).sum()
    expected = between + np.trace(covariances[0] + covariances[1] - 2 * np.real(sqrtm(covariances[0] @ covariances[1])))
    assert frechet_distance(a, b) == pytest.approx(expected, rel=1e-9)
    assert frechet_distance(b, a) == pytest.approx(expected, rel=1e-9)


def test_frechet_goes_with_the_square_of_scale_and_shift() -> None:
    a, b = features(100, seed=1), features(100, seed=2)
    assert frechet_distance(3 * a, 3 * b) == pytest.approx(9 * frechet_distance(a, b))
    assert frechet_distance(a, a + 2.0) == pytest.approx(6 * 2.0**2)


def test_few_images_of_many_features_are_no_obstacle() -> None:
    a, b = features(5, 60, seed=1), features(7, 60, shift=1.0, seed=2)
    rotation, _ = np.linalg.qr(np.random.default_rng(3).normal(size=(60, 60)))
    assert frechet_distance(a @ rotation, b @ rotation) == pytest.approx(frechet_distance(a, b))


def test_kernel_distance_of_four_by_hand() -> None:
    a, b = np.array([[1.0], [2.0], [1.0], [2.0]]), np.array([[3.0], [3.0], [3.0], [3.0]])
    mean, _ = kernel_distance(a, b, subsets=4000)  # subsets of two
    within_a = np.mean([(x * y + 1) ** 3 for i, x in enumerate(a[:, 0]) for j, y in enumerate(a[:, 0]) if i != j])
    across = np.mean([(x * 3 + 1) ** 3 for x in a[:, 0]])
    assert mean == pytest.approx(within_a + 10.0**3 - 2 * across, rel=0.02)


def test_kernel_distance_is_unbiased() -> None:
    means = [kernel_distance(features(60, seed=2 * n), features(60, seed=2 * n + 1))[0] for n in range(40)]
    assert abs(np.mean(means)) < 3 * np.std(means) / np.sqrt(len(means))
    assert min(means) < 0 < max(means)
    assert kernel_distance(features(60), features(60, shift=1.0, seed=1))[0] > 10 * np.std(means)


def test_kernel_distance_draws_subsets_of_half_the_smaller_side_at_most() -> None:
    assert kid_subset_size(5000, 3000) == 1000
    assert kid_subset_size(120, 30) == 15
    assert kid_subset_size(4, 4) == 2
    mean, sd = kernel_distance(features(40), features(40, seed=1))
    assert sd > 0
    assert kernel_distance(features(40), features(40, seed=1)) == (mean, sd)


def test_cmmd_of_two_directions_by_hand() -> None:
    a, b = np.array([[3.0, 0.0], [5.0, 0.0]]), np.array([[0.0, 1.0], [0.0, 2.0]])
    assert cmmd(a, b) == pytest.approx(1000 * 2 * (1 - np.exp(-2 / 200)))
    assert cmmd(a, a) == pytest.approx(0, abs=1e-9)


def test_cmmd_looks_at_directions_only_and_grows_with_their_difference() -> None:
    a, b = features(50), features(50, seed=1)
    assert cmmd(7 * a, b) == pytest.approx(cmmd(a, b))
    near, far = (cmmd(a + 3, features(50, shift=3, seed=1) + np.eye(1, 6) * step) for step in (0, 5))
    assert 0 <= near < far


def test_what_cannot_be_compared_is_refused() -> None:
    with pytest.raises(GeometryError, match="no distance"):
        frechet_distance(features(1), features(5))
    with pytest.raises(GeometryError, match="no distance"):
        cmmd(features(5, 4), features(5, 6))
    with pytest.raises(GeometryError, match="at least 4"):
        kernel_distance(features(3), features(9))
    with pytest.raises(ParameterError, match="subset"):
        kernel_distance(features(9), features(9), subsets=0)
    broken = features(5)
    broken[2, 1] = np.nan
    with pytest.raises(IntensityError, match="finite"):
        frechet_distance(broken, features(5))
